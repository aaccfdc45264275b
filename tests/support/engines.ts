import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startEmbeddedDynamoDb } from '../../app/src/local/embedded-dynamodb.ts';
import { freePort } from '../../app/src/local/listen.ts';
import { startDynamoDbLocal } from '../../tools/sandbox/dynamodb-local.ts';
import { dynamoDbLocal } from './dynamodb-local.ts';
import { built, type Requirement } from './requirements.ts';

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
