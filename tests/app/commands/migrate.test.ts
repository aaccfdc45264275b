import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  GetItemCommand,
  PutItemCommand,
  type AttributeValue,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { ensureTable } from '../../../app/src/local/create-table.ts';
import { startEmbeddedDynamoDb, type EmbeddedDynamoDb } from '../../../app/src/local/embedded-dynamodb.ts';
import { createDynamoClient } from '../../../app/src/dynamo/client.ts';
import { createDynamoRepository } from '../../../app/src/dynamo/repository.ts';
import type { MovieRepository } from '../../../app/src/movies/movie.ts';
import { createPace, rewriteOf } from '../../../app/src/commands/migrate/migrate-items.ts';
import { forwardTo, operationOf, startFaultyDynamoDb } from '../../support/faulty-dynamodb.ts';
import { aMovie } from '../../support/movies.ts';
import { runProgram } from '../../support/processes.ts';

jest.setTimeout(120_000);

let engine: EmbeddedDynamoDb;
let client: DynamoDBClient;
let table = '';
let repository: MovieRepository;
let tables = 0;

beforeAll(async () => {
  engine = await startEmbeddedDynamoDb();
  client = createDynamoClient({ region: 'eu-west-1', endpoint: engine.endpoint, requestTimeoutMs: 9_000 });
});
beforeEach(async () => {
  tables += 1;
  table = `movies-${tables}`;
  await ensureTable(client, table);
  repository = createDynamoRepository({ client, tableName: table, deadlineMs: 20_000 });
});
afterAll(async () => {
  client.destroy();
  await engine.stop();
});

/** As a version wrote it that knew no index by rating. */
const oldForm = (title: string, more: Record<string, AttributeValue> = {}) =>
  client.send(
    new PutItemCommand({
      TableName: table,
      Item: {
        year: { N: '2013' },
        title: { S: title },
        info: { M: { rating: { N: '8.3' } } },
        revision: { S: `old-${title}` },
        ...more,
      },
    }),
  );
const bestOf2013 = async () => (await repository.list({ year: 2013, sort: 'rating' }, 100)).movies;

const migrate = async (...args: string[]) => {
  const { exitCode, output, errors } = await runProgram('migrate', args);
  return { exitCode, output: `${output}${errors}` };
};
const onTable = (endpoint = engine.endpoint) => ['--table', table, '--endpoint', endpoint];

describe('npm run migrate', () => {
  test('brings old items into the form of this version, and has nothing to do the second time', async () => {
    await Promise.all(Array.from({ length: 40 }, (_, n) => oldForm(`Movie ${n}`)));
    await repository.create(aMovie());
    expect(await bestOf2013()).toHaveLength(1);

    const check = await migrate(...onTable(), '--dry-run');
    expect(await bestOf2013()).toHaveLength(1);
    const first = await migrate(...onTable());
    const second = await migrate(...onTable(), '--dry-run');

    expect([check.exitCode, first.exitCode, second.exitCode]).toEqual([1, 0, 0]);
    expect(check.output).toMatch(/^41 read, 40 to rewrite \(dry run, nothing written\), 0 left as they are/);
    expect(first.output).toMatch(/^41 read, 40 rewritten, 0 left as they are in/);
    expect(second.output).toMatch(/^41 read, 0 to rewrite/);
    expect(await bestOf2013()).toHaveLength(41);
  });

  test('keeps the revision, so that whoever holds the entity tag can still edit', async () => {
    await oldForm('Kept');

    await migrate(...onTable());

    const movie = { year: 2013, title: 'Kept', info: { rating: 8.4 } };
    await expect(repository.replace(movie, 'old-Kept')).resolves.toMatchObject({ movie });
  });

  test('leaves an item that would lose an attribute, names it, and drops it where that is allowed', async () => {
    await oldForm('Extra', { colour: { S: 'red' } });

    const refused = await migrate(...onTable());
    const allowed = await migrate(...onTable(), '--drop', 'colour');

    expect(refused.output).toContain('2013 "Extra": it holds colour, which this version does not write');
    expect(refused.output).toContain('1 read, 0 rewritten, 1 left as they are');
    expect(allowed.output).toContain('1 read, 1 rewritten, 0 left as they are');
    expect([refused.exitCode, allowed.exitCode]).toEqual([1, 0]);
  });

  test('an edit between its reading and its writing is kept, and brought into the form', async () => {
    await oldForm('Raced');
    const key = { year: 2013, title: 'Raced' };
    const forward = forwardTo(engine.endpoint);
    let edits = 0;
    const racing = await startFaultyDynamoDb(async (request, response, body) => {
      const isFirstWrite = operationOf(request) === 'PutItem' && edits === 0;
      if (isFirstWrite) {
        edits += 1;
        await repository.update(key, 'any', { rating: 9, rank: 1 });
      }
      await forward(request, response, body);
    });

    const run = await migrate(...onTable(racing.endpoint));
    await racing.stop();

    expect(edits).toBe(1);
    expect(run.output).toContain('1 were edited meanwhile and taken as edited.');
    expect((await repository.find(key)).movie.info).toEqual({ rating: 9, rank: 1 });
  });

  test.each([
    ['no table', [], '--table is missing'],
    ['no rate', ['--table', 'x', '--rate', '0'], 'It must be a whole number from 1 to 100000.'],
    ['no address', ['--table', 'x', '--endpoint', 'localhost'], 'It must be an http:// or https:// address.'],
    [
      'no database',
      ['--table', 'x', '--endpoint', 'http://127.0.0.1:1'],
      'Nothing answers at http://127.0.0.1:1',
    ],
  ])('%s is misuse: a clear message and 2', async (_what, args, message) => {
    const run = await migrate(...args);

    expect(run.exitCode).toBe(2);
    expect(run.output).toContain(message);
    expect(run.output).not.toContain('    at ');
  });

  test('a table that is not there is named, with 2', async () => {
    const run = await migrate('--table', 'nope', '--endpoint', engine.endpoint);

    expect(run.exitCode).toBe(2);
    expect(run.output).toContain(`error: There is no table nope in ${engine.endpoint}.`);
  });

  test('what another writer stored stays as it is, to the digit, while the rest gets its form', async () => {
    const info = {
      rating: { N: '8.3' },
      tmdb_id: { N: '9007199254740993' },
      price: { N: '0.1000000000000000055511151231257827' },
      tags: { SS: ['a', 'b'] },
      years: { NS: ['12345678901234567890123'] },
      poster: { B: new Uint8Array([1, 255]) },
      cast: { L: [{ M: { id: { N: '9007199254740993' } } }] },
    };
    await oldForm('Foreign', { info: { M: info } });

    const run = await migrate(...onTable());

    expect(run.output).toContain('1 read, 1 rewritten, 0 left as they are');
    const { Item } = await client.send(
      new GetItemCommand({ TableName: table, Key: { year: { N: '2013' }, title: { S: 'Foreign' } } }),
    );
    expect(Item).toMatchObject({ rating: { N: '8.3' }, info: { M: info } });
  });
});

test.each([
  ['a number', { N: '12345678901234567890123' }],
  ['a set', { SS: ['8.3'] }],
  ['a number within a list', { L: [{ N: '0.1000000000000000055511151231257827' }] }],
])('an attribute of info is no object but %s that JSON rounds: the item is refused', (_what, value) => {
  const item = { year: { N: '2013' }, title: { S: 'x' }, info: value, revision: { S: 'r' } };

  expect(rewriteOf(item, [])).toMatchObject({ kind: 'refused', reason: expect.stringContaining('info') });
});

test('whoever asks, no more is let through than the rate allows', async () => {
  const pace = createPace(1_000);
  const startedAt = performance.now();

  await Promise.all([pace(100), pace(100), pace(100)]);

  // The third waits for the two before it; a timer may be a millisecond early.
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(198);
});
