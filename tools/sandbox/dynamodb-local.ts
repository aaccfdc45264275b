import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../app/src/local/listen.ts';
import { installDynamoDbLocal } from '../install/dynamodb-local.ts';

export interface DynamoDbLocal {
  readonly endpoint: string;
  stop(): Promise<void>;
}

const startTimeoutMs = 30_000;
const pollMs = 50;

/**
 * DynamoDB Local in memory, on a free port, one database for all regions and credentials. Needs Java 17 or newer.
 * @param slowIndexes a new index stays in its state CREATING for a while, as on AWS
 */
export async function startDynamoDbLocal({ slowIndexes = false } = {}): Promise<DynamoDbLocal> {
  const libraryDir = installDynamoDbLocal();
  const port = await freePort();
  const server = spawn(
    'java',
    [
      ...['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx512m', `-Djava.library.path=${libraryDir}`],
      ...['-cp', `${libraryDir}/*`, 'com.amazonaws.services.dynamodbv2.local.main.ServerRunner'],
      ...['-inMemory', '-sharedDb', '-disableTelemetry', '-port', String(port)],
      ...(slowIndexes ? ['-delayTransientStatuses'] : []),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let complaints = '';
  server.stderr
    .setEncoding('utf8')
    .on('data', (text: string) => (complaints = (complaints + text).slice(-2_000)));
  const exited = once(server, 'exit');
  // Whoever started it and fails takes it along.
  const killServer = () => server.kill('SIGKILL');
  process.once('exit', killServer);

  const endpoint = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + startTimeoutMs;
  while (!(await answers(endpoint))) {
    if (server.exitCode !== null || Date.now() > deadline) {
      server.kill('SIGKILL');
      throw new Error(`DynamoDB Local does not start: ${complaints.trim() || 'no answer, no message'}`);
    }
    await delay(pollMs);
  }
  return {
    endpoint,
    stop: async () => {
      process.removeListener('exit', killServer);
      server.kill();
      await exited;
    },
  };
}

/** Unsigned requests get a 400: it is there. */
const answers = (endpoint: string) =>
  fetch(endpoint).then(
    () => true,
    () => false,
  );
