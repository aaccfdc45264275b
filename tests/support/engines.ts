import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startEmbeddedDynamoDb } from '../../app/src/local/embedded-dynamodb.ts';
import { freePort } from '../../app/src/local/listen.ts';
import { installDynamoDbLocal } from '../../tools/install/dynamodb-local.ts';
import { startDynamoDbLocal } from '../../tools/sandbox/dynamodb-local.ts';
import { built, program, type Requirement } from './requirements.ts';

const java = program('java', 'install a Java runtime, 17 or newer', ['-version']);

/** Java, and DynamoDB Local in the project's cache or from Maven. */
export const dynamoDbLocal: Requirement = {
  name: 'DynamoDB Local',
  missing: () => {
    const noJava = java.missing();
    if (noJava !== undefined) return noJava;
    try {
      installDynamoDbLocal();
      return undefined;
    } catch (error) {
      const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
      return `DynamoDB Local can't be installed by Maven: ${reason}`;
    }
  },
};

export interface Engine {
  readonly name: string;
  readonly needs: readonly Requirement[];
  readonly start: () => Promise<{ readonly endpoint: string; readonly stop: () => Promise<void> }>;
}

const project = resolve(import.meta.dirname, '../..');

/** moto alone, without the front that fills its gaps. */
async function startMoto() {
  const port = await freePort();
  const server = spawn(join(project, '.cache/python/moto/bin/moto_server'), ['-p', String(port)], {
    stdio: 'ignore',
  });
  const endpoint = `http://127.0.0.1:${port}`;
  while (server.exitCode === null && !(await fetch(endpoint).then(Boolean, () => false))) await delay(100);
  return {
    endpoint,
    stop: async () => {
      const exited = once(server, 'exit');
      server.kill();
      await exited;
    },
  };
}

export const engines: readonly Engine[] = [
  { name: 'DynamoDB Local', needs: [dynamoDbLocal], start: () => startDynamoDbLocal() },
  { name: 'dynalite', needs: [], start: () => startEmbeddedDynamoDb() },
  { name: 'moto', needs: [built('python/moto')], start: startMoto },
];
