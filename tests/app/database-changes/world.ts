import { expect } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import {
  DescribeTableCommand,
  ScanCommand,
  UpdateTableCommand,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { ensureTable } from '../../../app/src/local/create-table.ts';
import { createDynamoClient } from '../../../app/src/dynamo/client.ts';
import type { Item } from '../../../app/src/dynamo/movie-item.ts';
import { startDynamoDbLocal } from '../../../tools/sandbox/dynamodb-local.ts';
import { type ApiProcess, startApiProcess } from '../../support/processes.ts';
import { createClient, type Send } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { newIndex } from './releases/declarations.ts';
import { buildVersion, type Built, type Version } from './version.ts';

export interface Task {
  readonly url: string;
  readonly send: Send;
  /** As the orchestrator ends it: resolves when what was in flight is answered. */
  stop(): Promise<void>;
}

export interface World {
  readonly client: DynamoDBClient;
  /** A new table as today's `app/table.json` declares it. */
  newTable(): Promise<string>;
  start(version: Version, table: string): Promise<Task>;
  migrate(version: Version, table: string, ...args: string[]): Promise<{ exitCode: number; output: string }>;
  addIndex(table: string): Promise<void>;
  indexStatus(table: string): Promise<string | undefined>;
  indexIsActive(table: string): Promise<void>;
  items(table: string): Promise<readonly Item[]>;
  /** Ends all tasks at once. */
  stopTasks(): Promise<void>;
  stop(): Promise<void>;
}

/** A real engine that can add an index to a table in use, and the service in each of its versions. */
export async function startWorld(options: { readonly slowIndexes?: boolean } = {}): Promise<World> {
  const engine = await startDynamoDbLocal(options);
  const client = createDynamoClient({
    region: 'eu-west-1',
    endpoint: engine.endpoint,
    requestTimeoutMs: 9_000,
  });
  const built = new Map<Version, Promise<Built>>();
  const running = new Set<ApiProcess>();
  let tables = 0;

  const build = (version: Version) => {
    const building = built.get(version) ?? buildVersion(version);
    built.set(version, building);
    return building;
  };
  const indexStatus = async (table: string) => {
    const { Table: described } = await client.send(new DescribeTableCommand({ TableName: table }));
    return described?.GlobalSecondaryIndexes?.find(({ IndexName }) => IndexName === newIndex.name)
      ?.IndexStatus;
  };

  const stopTasks = async () => {
    await Promise.all(
      [...running].map(async (task) => {
        task.signal('SIGKILL');
        await task.ended;
        running.delete(task);
      }),
    );
  };

  return {
    client,
    stopTasks,
    async newTable() {
      tables += 1;
      await ensureTable(client, `movies-${tables}`);
      return `movies-${tables}`;
    },
    async start(version, table) {
      const { service } = await build(version);
      const settings = {
        TABLE_NAME: table,
        DYNAMODB_ENDPOINT: engine.endpoint,
        // Patient, since the machine may be busy with other tests.
        DYNAMODB_TIMEOUT_MS: '9000',
        ALLOW_ANONYMOUS: 'true',
        // Every task signs alike, so that a page of one leads on at another.
        CURSOR_SECRETS: 'of-these-tests-of-these-tests-of-these-tests',
        DRAIN_DELAY_MS: '0',
      };
      const task = startApiProcess(settings, [service]);
      running.add(task);
      const { port } = await task.listening;
      return {
        url: `http://127.0.0.1:${port}`,
        // Fresh ones: what another task wrote a moment ago may be remembered otherwise.
        send: createClient(port, { 'cache-control': 'no-cache' }),
        async stop() {
          task.signal('SIGTERM');
          await task.ended;
          running.delete(task);
        },
      };
    },
    async migrate(version, table, ...args) {
      const { migrate } = await build(version);
      const child = spawn(process.execPath, [
        migrate,
        '--table',
        table,
        '--endpoint',
        engine.endpoint,
        ...args,
      ]);
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => (output += text));
      }
      const [exitCode] = (await once(child, 'close')) as [number];
      return { exitCode, output };
    },
    async addIndex(table) {
      const { hashKey, rangeKey } = newIndex;
      await client.send(
        new UpdateTableCommand({
          TableName: table,
          AttributeDefinitions: [hashKey, rangeKey].map(({ name }) => ({
            AttributeName: name,
            AttributeType: 'N',
          })),
          GlobalSecondaryIndexUpdates: [
            {
              Create: {
                IndexName: newIndex.name,
                KeySchema: [
                  { AttributeName: hashKey.name, KeyType: 'HASH' },
                  { AttributeName: rangeKey.name, KeyType: 'RANGE' },
                ],
                Projection: { ProjectionType: 'ALL' },
              },
            },
          ],
        }),
      );
    },
    indexStatus,
    async indexIsActive(table) {
      await eventually(
        async () => {
          expect(await indexStatus(table)).toBe('ACTIVE');
        },
        { deadlineMs: 120_000 },
      );
    },
    async items(table) {
      const { Items: items = [] } = await client.send(
        new ScanCommand({ TableName: table, ConsistentRead: true }),
      );
      return items;
    },
    async stop() {
      await stopTasks();
      client.destroy();
      await engine.stop();
      await rm(fileURLToPath(new URL(`../../../.cache/database-changes/${process.pid}`, import.meta.url)), {
        recursive: true,
        force: true,
      });
    },
  };
}
