import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ensureTable } from '../../../app/src/local/create-table.ts';
import { startEmbeddedDynamoDb, type EmbeddedDynamoDb } from '../../../app/src/local/embedded-dynamodb.ts';
import { createDynamoClient } from '../../../app/src/dynamo/client.ts';
import { createDynamoRepository } from '../../../app/src/dynamo/repository.ts';
import { operationOf, startFaultyDynamoDb } from '../../support/faulty-dynamodb.ts';
import { runLoader } from '../../support/loader.ts';
import { aMovie } from '../../support/movies.ts';
import { describeWith, type Requirement } from '../../support/requirements.ts';

const table = 'movies';
let engine: EmbeddedDynamoDb;
let client: DynamoDBClient;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'loader-'));
  engine = await startEmbeddedDynamoDb();
  client = createDynamoClient({ region: 'eu-west-1', endpoint: engine.endpoint });
  await ensureTable(client, table);
});

afterAll(async () => {
  client.destroy();
  await engine.stop();
  rmSync(directory, { recursive: true });
});

const file = (name: string, content: unknown) => {
  const path = join(directory, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};
const manyMovies = (count: number) =>
  Array.from({ length: count }, (_, n) => aMovie({ title: `Movie ${n}` }));

describe('npm run load', () => {
  test('loads a file, twice with the same result, and exits with 0', async () => {
    const args = [
      '--table',
      table,
      '--endpoint',
      engine.endpoint,
      '--file',
      file('movies.json', manyMovies(60)),
    ];

    const first = await runLoader(args);
    const second = await runLoader(args);

    expect([first.exitCode, second.exitCode]).toEqual([0, 0]);
    expect(first.output).toMatch(/^60 read, 60 loaded, 0 rejected in \d+\.\d s \([\d,]+\/s\)\n$/);
    expect(second.output).toMatch(/^60 read, 60 loaded, 0 rejected/);
    const { movie } = await createDynamoRepository({ client, tableName: table }).find({
      year: 2013,
      title: 'Movie 59',
    });
    expect(movie).toEqual(aMovie({ title: 'Movie 59' }));
  });

  test('writes what it rejects to a file, with reason and position, and exits with 1', async () => {
    const rejects = join(directory, 'rejects.jsonl');
    const lines = [aMovie(), { ...aMovie(), year: 1600 }].map((record) => JSON.stringify(record));
    const input = [...lines, '{oops'].join('\n');

    const run = await runLoader(
      ['--table', table, '--endpoint', engine.endpoint, '--file', '-', '--rejects', rejects],
      input,
    );

    expect(run.exitCode).toBe(1);
    expect(run.output).toContain(`3 read, 1 loaded, 2 rejected`);
    expect(run.output).toContain(`Rejected records, with reasons: ${rejects}`);
    const rejected = readFileSync(rejects, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(rejected).toEqual([
      { position: 2, reason: '/year must be >= 1870', record: { ...aMovie(), year: 1600 } },
      { position: 3, reason: expect.stringMatching(/^not JSON: /), record: '{oops' },
    ]);
  });

  test('a dry run checks everything and touches no database', async () => {
    const rejects = join(directory, 'none.jsonl');
    const args = [
      '--dry-run',
      '--endpoint',
      'http://127.0.0.1:1',
      '--file',
      file('dry.json', manyMovies(3)),
      '--rejects',
      rejects,
    ];

    const run = await runLoader(args);

    expect(run.exitCode).toBe(0);
    expect(run.output).toMatch(/^3 read, 3 valid \(dry run, nothing written\), 0 rejected/);
    expect(existsSync(rejects)).toBe(false);
  });

  test.each([
    ['no table', ['--file', 'x.json'], '--table is missing'],
    ['an unknown option', ['--tabel', 'x'], "unknown option '--tabel'"],
    ['no number', ['--table', 'x', '--concurrency', 'many'], 'It must be a whole number from 1 to 256.'],
    ['no address', ['--table', 'x', '--endpoint', 'localhost'], 'It must be an http:// or https:// address.'],
    [
      'no file',
      ['--table', 'x', '--file', '/no/such/file'],
      'There is no file /no/such/file: name the input with --file.',
    ],
  ])('%s is misuse: a clear message and 2', async (_what, args, message) => {
    const run = await runLoader(args);

    expect(run.exitCode).toBe(2);
    expect(run.errors).toContain(message);
    expect(run.errors).not.toContain('    at ');
    expect(run.output).toBe('');
  });

  test('no table of that name, no database, no JSON: what to check, and 2', async () => {
    const movies = file('one.json', manyMovies(1));

    const runs = await Promise.all([
      runLoader(['--table', 'nope', '--endpoint', engine.endpoint, '--file', movies]),
      runLoader(['--table', table, '--endpoint', 'http://127.0.0.1:1', '--file', movies]),
      runLoader(['--table', table, '--endpoint', engine.endpoint, '--file', file('page.html', '<html>')]),
    ]);

    expect(runs.map(({ exitCode, errors }) => [exitCode, errors.trim()])).toEqual([
      [2, `error: There is no table nope in ${engine.endpoint}: check --table, --region and --endpoint.`],
      [2, 'error: Nothing answers at http://127.0.0.1:1: start it, or check --endpoint.'],
      [2, expect.stringContaining('The input starts with "<": it is neither a JSON array nor JSON lines.')],
    ]);
  });

  test('Ctrl-C finishes what is in flight, sums up, and exits with 130', async () => {
    let interrupt: () => void = () => undefined;
    const interruption = new Promise<void>((resolve) => (interrupt = resolve));
    const slow = await startFaultyDynamoDb((_request, response) => {
      interrupt();
      setTimeout(() => response.end('{}'), 200);
    });
    const args = [
      '--table',
      table,
      '--endpoint',
      slow.endpoint,
      '--concurrency',
      '2',
      '--file',
      file('many.json', manyMovies(5_000)),
    ];

    const run = await runLoader(args, undefined, interruption);
    await slow.stop();

    expect(run.exitCode).toBe(130);
    expect(run.output).toMatch(/^\d+ read, \d+ loaded, 0 rejected.*\nStopped before the end\. Run it again/);
    expect(slow.operations.length).toBeLessThan(20);
  });

  test('what a busy table leaves over is sent again until all of it is in', async () => {
    const stored = new Set<string>();
    let turns = 0;
    const busy = await startFaultyDynamoDb((_request, response, body) => {
      turns += 1;
      if (turns % 3 === 0) {
        response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
        response.end(JSON.stringify({ __type: 'x#ProvisionedThroughputExceededException', message: 'Busy' }));
        return;
      }
      const { RequestItems: items } = JSON.parse(body.toString()) as {
        RequestItems: Record<string, { PutRequest: { Item: { title: { S: string } } } }[]>;
      };
      const [taken, left] = [items[table]?.slice(0, 10) ?? [], items[table]?.slice(10) ?? []];
      for (const { PutRequest: request } of taken) stored.add(request.Item.title.S);
      response.end(JSON.stringify(left.length === 0 ? {} : { UnprocessedItems: { [table]: left } }));
    });

    const run = await runLoader([
      '--table',
      table,
      '--endpoint',
      busy.endpoint,
      '--file',
      file('busy.json', manyMovies(60)),
    ]);
    await busy.stop();

    expect(run.output).toMatch(/^60 read, 60 loaded, 0 rejected/);
    expect(run.exitCode).toBe(0);
    expect(stored.size).toBe(60);
  });

  test('one movie that the table refuses does not cost the others of its batch', async () => {
    const picky = await startFaultyDynamoDb((request, response, body) => {
      const refused = operationOf(request) === 'BatchWriteItem' && body.includes('"Movie 7"');
      response.writeHead(refused ? 400 : 200, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(
        refused
          ? JSON.stringify({ __type: 'x#ValidationException', message: 'Item size has exceeded' })
          : '{}',
      );
    });
    const rejects = join(directory, 'picky.jsonl');
    const args = [
      '--table',
      table,
      '--endpoint',
      picky.endpoint,
      '--rejects',
      rejects,
      '--file',
      file('picky.json', manyMovies(30)),
    ];

    const run = await runLoader(args);
    await picky.stop();

    expect(run.exitCode).toBe(1);
    expect(run.output).toContain('30 read, 29 loaded, 1 rejected');
    expect(JSON.parse(readFileSync(rejects, 'utf8'))).toEqual({
      position: 8,
      reason: "The database can't store this movie: Item size has exceeded",
      record: aMovie({ title: 'Movie 7' }),
    });
  });
});

const sampleFile =
  process.env['MOVIE_DATA_FILE'] ?? join(import.meta.dirname, '../../../../shared/data/moviedata.json');
const sample: Requirement = {
  name: 'moviedata.json',
  missing: () =>
    existsSync(sampleFile) ? undefined : 'there is no moviedata.json: name one with MOVIE_DATA_FILE',
};

describeWith([sample], 'the sample file of the DynamoDB developer guide', () => {
  test('loads unchanged and whole', async () => {
    const run = await runLoader(['--table', table, '--endpoint', engine.endpoint, '--file', sampleFile]);

    expect(run.output).toMatch(/^4,609 read, 4,609 loaded, 0 rejected/);
    expect(run.exitCode).toBe(0);
  });
});
