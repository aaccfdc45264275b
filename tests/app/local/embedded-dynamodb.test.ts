import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { ensureTable } from '../../../app/src/local/create-table.ts';
import { startEmbeddedDynamoDb, type EmbeddedDynamoDb } from '../../../app/src/local/embedded-dynamodb.ts';
import { createDynamoClient } from '../../../app/src/dynamo/client.ts';

const item = { year: { N: '2001' }, title: { S: 'Le Fabuleux destin d’Amélie Poulain' } };

describe('the embedded DynamoDB', () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'embedded-dynamodb-'));
  });
  afterEach(() => rm(dataDir, { recursive: true }));

  async function using<T>(
    use: (client: ReturnType<typeof createDynamoClient>, database: EmbeddedDynamoDb) => Promise<T>,
    options: { dataDir?: string } = { dataDir },
  ): Promise<T> {
    const database = await startEmbeddedDynamoDb(options);
    const client = createDynamoClient({ region: 'eu-west-1', endpoint: database.endpoint });
    try {
      return await use(client, database);
    } finally {
      client.destroy();
      await database.stop();
    }
  }

  test('with a folder, data outlives a restart', async () => {
    await using(async (client) => {
      await ensureTable(client, 'movies');
      await client.send(new PutItemCommand({ TableName: 'movies', Item: item }));
    });

    const { isNew, found } = await using(async (client) => ({
      isNew: await ensureTable(client, 'movies'),
      found: await client.send(new GetItemCommand({ TableName: 'movies', Key: item })),
    }));

    expect(isNew).toBe(false);
    expect(found.Item).toEqual(item);
  });

  test('without a folder, each start is empty', async () => {
    const start = () => using((client) => ensureTable(client, 'movies'), {});

    expect([await start(), await start()]).toEqual([true, true]);
  });

  test('a folder that another process has open is refused with that reason', async () => {
    await using(async () => {
      await expect(startEmbeddedDynamoDb({ dataDir })).rejects.toMatchObject({
        message: `The data in ${dataDir} is in use: another \`make run\` has it open.`,
        remedy: expect.stringContaining('DATA_DIR='),
      });
    });
  });

  test('it listens on loopback only', async () => {
    await using((_client, { endpoint }) => {
      expect(new URL(endpoint).hostname).toBe('127.0.0.1');
      return Promise.resolve();
    });
  });
});
