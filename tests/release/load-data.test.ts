import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ensureTable } from '../../app/src/local/create-table.ts';
import { startEmbeddedDynamoDb } from '../../app/src/local/embedded-dynamodb.ts';
import { createDynamoClient } from '../../app/src/dynamo/client.ts';
import { runLoader } from '../../tools/release/load-data.ts';
import { aMovie } from '../support/movies.ts';

const project = fileURLToPath(new URL('../../', import.meta.url));
const region = 'eu-west-1';
let folder: string;
let engine: Awaited<ReturnType<typeof startEmbeddedDynamoDb>>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'load-data-'));
  engine = await startEmbeddedDynamoDb();
});

afterAll(async () => {
  await engine.stop();
  rmSync(folder, { recursive: true });
});

test('movies of a file are in the table of the environment, by the credentials of the step', async () => {
  const client = createDynamoClient({ region, endpoint: engine.endpoint });
  await ensureTable(client, 'movies-api-dev');
  const file = join(folder, 'movies.json');
  writeFileSync(file, JSON.stringify([aMovie(), aMovie({ title: 'Rush Hour' })]));
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
    AWS_ACCESS_KEY_ID: 'step',
    AWS_SECRET_ACCESS_KEY: 'step',
  };

  const code = await runLoader({ project, table: 'movies-api-dev', region, file, env });

  const { Count: count } = await client.send(
    new ScanCommand({ TableName: 'movies-api-dev', Select: 'COUNT' }),
  );
  client.destroy();
  expect({ code, count }).toEqual({ code: 0, count: 2 });
});

test("prod's movies are refused before anything is asked", () => {
  const args = [resolve('tools/release/main.ts'), 'load-data', '--env', 'prod'];

  const { status, stderr } = spawnSync(process.execPath, args, { cwd: project, encoding: 'utf8' });

  expect(status).toBe(2);
  expect(stderr).toContain("prod's movies are not loaded by a pipeline");
});
