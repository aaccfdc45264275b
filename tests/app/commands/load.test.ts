import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  existsSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ensureTable } from '../../../app/src/local/create-table.ts';
import { startEmbeddedDynamoDb, type EmbeddedDynamoDb } from '../../../app/src/local/embedded-dynamodb.ts';
import { createDynamoClient } from '../../../app/src/dynamo/client.ts';
import { createDynamoRepository } from '../../../app/src/dynamo/repository.ts';
import { type Answer, operationOf, startFaultyDynamoDb } from '../../support/faulty-dynamodb.ts';
import { aMovie } from '../../support/movies.ts';
import { type CommandOptions, runProgram } from '../../support/processes.ts';
import { describeWith, type Requirement } from '../../support/requirements.ts';

const table = 'movies';
let engine: EmbeddedDynamoDb;
let client: DynamoDBClient;
let directory: string;
let files = 0;

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

const newPath = () => join(directory, `${(files += 1)}.json`);
const file = (content: unknown) => {
  const path = newPath();
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};
const lines = (...records: unknown[]) => records.map((record) => `${JSON.stringify(record)}\n`).join('');
const manyMovies = (count: number) =>
  Array.from({ length: count }, (_, n) => aMovie({ title: `Movie ${n}` }));
const wrong = { ...aMovie(), year: 1600 };

interface Run extends CommandOptions {
  readonly from?: string;
  readonly rejects?: string;
  readonly into?: string;
  readonly endpoint?: string;
  readonly more?: readonly string[];
}

const load = ({
  from = '-',
  rejects = newPath(),
  into = table,
  endpoint = engine.endpoint,
  more = [],
  ...options
}: Run) =>
  runProgram(
    'load',
    ['--table', into, '--endpoint', endpoint, '--file', from, '--rejects', rejects, ...more],
    options,
  );

/** A run against a database that answers as the test says. */
async function loadInto(answer: Answer, run: Run) {
  const database = await startFaultyDynamoDb(answer);
  try {
    return { ...(await load({ endpoint: database.endpoint, ...run })), operations: database.operations };
  } finally {
    await database.stop();
  }
}

const refuse = (type: string, message: string) => JSON.stringify({ __type: `x#${type}`, message });

describe('npm run load', () => {
  test('loads a file, twice with the same result, and exits with 0', async () => {
    const from = file(manyMovies(60));

    const first = await load({ from });
    const second = await load({ from });

    expect([first.exitCode, second.exitCode]).toEqual([0, 0]);
    expect(first.output).toMatch(/^60 read, 60 loaded, 0 rejected in \d+\.\d s \([\d,]+\/s\)\n$/);
    expect(second.output).toMatch(/^60 read, 60 loaded, 0 rejected/);
    const { movie } = await createDynamoRepository({ client, tableName: table }).find({
      year: 2013,
      title: 'Movie 59',
    });
    expect(movie).toEqual(aMovie({ title: 'Movie 59' }));
  });

  test('a dry run checks everything, touches no database and leaves no file', async () => {
    const from = file([...manyMovies(3), aMovie({ title: 'Movie 0' })]);
    const before = readdirSync(directory);

    const run = await load({ from, endpoint: 'http://127.0.0.1:1', more: ['--dry-run'] });

    expect(run.exitCode).toBe(0);
    expect(run.output).toMatch(
      /^4 read, 3 valid \(dry run, nothing written\), 0 rejected, 1 replaced by a later record/,
    );
    expect(readdirSync(directory)).toEqual(before);
  });

  test('a broken array is loaded up to its fault: the place, what to do, the sums, and 2', async () => {
    const whole = JSON.stringify(manyMovies(60));

    const run = await load({ from: file(whole.slice(0, whole.indexOf('"Movie 30"'))) });

    expect(run.exitCode).toBe(2);
    expect(run.errors).toMatch(
      /^error: .* is broken in line 1 \(byte [\d,]+\), after 30 whole records: it ends in/,
    );
    expect(run.errors).toContain('Mend it there and run this again.');
    expect(run.output).toMatch(/^30 read, 30 loaded, 0 rejected/);
  });

  test.each([
    ['an unknown option', ['--tabel', 'x'], "unknown option '--tabel'"],
    ['no number', ['--table', 'x', '--concurrency', 'many'], 'It must be a whole number from 1 to 256.'],
    ['no address', ['--table', 'x', '--endpoint', 'localhost'], 'It must be an http:// or https:// address.'],
    ['no table', ['--file', 'x.json'], '--table is missing'],
    [
      'no file',
      ['--table', 'x', '--file', '/no/such/file'],
      "/no/such/file can't be opened: There is no such file.",
    ],
    ['a folder as input', ['--table', 'x', '--file', 'app'], 'app is a directory.'],
    [
      'no folder for the rejects',
      ['--dry-run', '--file', 'app/table.json', '--rejects', 'no/such/x'],
      "--rejects no/such/x can't be written: there is no such folder.",
    ],
    [
      'a folder as rejects',
      ['--dry-run', '--file', 'app/table.json', '--rejects', 'app'],
      "--rejects app can't be written: it is a folder.",
    ],
  ])('%s is misuse: a clear message, nothing else, and 2', async (_what, args, message) => {
    const run = await runProgram('load', args);

    expect(run.exitCode).toBe(2);
    expect(run.errors).toContain(message);
    expect(run.errors).not.toContain('    at ');
    expect(run.output).toBe('');
  });

  test.each([
    ['no table of that name', 'nope', undefined, 'There is no table nope in'],
    ['a name that DynamoDB refuses', 'md', undefined, 'DynamoDB refuses the call, whatever the movie is: '],
    ['no database', table, 'http://127.0.0.1:1', 'Nothing answers at http://127.0.0.1:1.'],
  ])('%s is one error, no movie is blamed, and 2', async (_what, into, endpoint, message) => {
    const rejects = newPath();

    const run = await load({
      from: file(manyMovies(60)),
      into,
      rejects,
      ...(endpoint === undefined ? {} : { endpoint }),
    });

    expect(run.exitCode).toBe(2);
    expect(run.errors).toContain(`error: ${message}`);
    expect(run.output).toBe('');
    expect(existsSync(rejects)).toBe(false);
  });

  test.each([
    ['Ctrl-C', ['SIGINT'], 130],
    ['Ctrl-C, which npm passes on once more', ['SIGINT', 'SIGINT'], 130],
    ['a pipeline that stops it', ['SIGTERM'], 143],
  ] as const)(
    '%s: what is in flight is finished, the sums are told, and %s ends in %i',
    async (_what, signals, code) => {
      let begin: () => void = () => undefined;
      const when = new Promise<void>((resolve) => (begin = resolve));

      const run = await loadInto(
        (_request, response) => {
          begin();
          setTimeout(() => response.end('{}'), 200);
        },
        { from: file(manyMovies(5_000)), more: ['--concurrency', '2'], signals, when },
      );

      expect(run.exitCode).toBe(code);
      expect(run.output).toMatch(
        /^\d+ read, \d+ loaded, 0 rejected.*\nStopped before the end\. Run it again/,
      );
      expect(run.operations.length).toBeLessThan(20);
    },
  );

  test('what a busy table leaves over is sent again until all of it is in', async () => {
    const stored = new Set<string>();
    let turns = 0;

    const run = await loadInto(
      (_request, response, body) => {
        turns += 1;
        if (turns % 3 === 0) {
          response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
          response.end(refuse('ProvisionedThroughputExceededException', 'Busy'));
          return;
        }
        const { RequestItems: items } = JSON.parse(body.toString()) as {
          RequestItems: Record<string, { PutRequest: { Item: { title: { S: string } } } }[]>;
        };
        const [taken, left] = [items[table]?.slice(0, 10) ?? [], items[table]?.slice(10) ?? []];
        for (const { PutRequest: request } of taken) stored.add(request.Item.title.S);
        response.end(JSON.stringify(left.length === 0 ? {} : { UnprocessedItems: { [table]: left } }));
      },
      { from: file(manyMovies(60)) },
    );

    expect(run.output).toMatch(/^60 read, 60 loaded, 0 rejected/);
    expect(run.exitCode).toBe(0);
    expect(stored.size).toBe(60);
  });

  test('one movie that the table refuses does not cost the others of its batch', async () => {
    const rejects = newPath();

    const run = await loadInto(
      (request, response, body) => {
        const refused = operationOf(request) === 'BatchWriteItem' && body.includes('"Movie 7"');
        response.writeHead(refused ? 400 : 200, { 'content-type': 'application/x-amz-json-1.0' });
        response.end(refused ? refuse('ValidationException', 'Something about it') : '{}');
      },
      { from: file(manyMovies(30)), rejects },
    );

    expect(run.exitCode).toBe(1);
    expect(run.output).toContain('30 read, 29 loaded, 1 rejected');
    expect(JSON.parse(readFileSync(rejects, 'utf8'))).toEqual({
      position: 8,
      line: 1,
      reason: "The database can't store this movie: Something about it",
      record: aMovie({ title: 'Movie 7' }),
    });
  });
});

describe('the rejects of a load', () => {
  test('are written with place and reason, each record as it was, and the exit code is 1', async () => {
    const rejects = newPath();
    const texts = ['{"year":2001,"title":"High","info":{"n":1e400,"id":9007199254740993}}', '{oops'];

    const run = await load({ input: `${lines(aMovie(), wrong)}${texts.join('\n')}`, rejects });

    expect(run.exitCode).toBe(1);
    expect(run.output).toContain(`4 read, 1 loaded, 3 rejected`);
    expect(run.output).toContain(`Rejected records, with reasons: ${rejects}`);
    const written = readFileSync(rejects, 'utf8').trim().split('\n');
    expect(written.map((line) => JSON.parse(line) as unknown)).toEqual([
      { position: 2, line: 2, reason: '/year must be >= 1870', record: wrong },
      { position: 3, line: 3, reason: expect.any(String), record: expect.anything() },
      { position: 4, line: 4, reason: expect.stringMatching(/^not JSON: /), text: '{oops' },
    ]);
    expect(written[1]).toContain(`"record":${texts[0] ?? ''}}`);
  });

  test('can be mended where they are and loaded, and what is still wrong is told in the same words', async () => {
    const [first, second, third] = [newPath(), newPath(), newPath()];
    const input = Buffer.concat([
      Buffer.from(`${lines(wrong)}{oops\n{"year":2001,"title":"1","info":{"n":1e400}}\n`),
      Buffer.from('{"year":2001,"title":"Am\xe9lie","info":{}}\n', 'latin1'),
    ]);
    await load({ input, rejects: first });

    await load({ from: first, rejects: second });
    writeFileSync(first, readFileSync(first, 'utf8').replace('"year":1600', '"year":1960'));
    const mended = await load({ from: first, rejects: third });

    expect(readFileSync(second, 'utf8').split('\n')[0]).toContain('"record":{"year":1600');
    expect(mended.output).toMatch(/^4 read, 1 loaded, 3 rejected/);
    const [, ...others] = readFileSync(second, 'utf8').split('\n');
    expect(readFileSync(third, 'utf8').split('\n')).toEqual(others);
    const bytes = JSON.parse(others[2] ?? '') as { base64: string };
    expect(Buffer.from(bytes.base64, 'base64').toString('latin1')).toContain('Amélie');
  });

  test.each([
    ['the input', (path: string) => path],
    ['the input by another way', (path: string) => join(directory, '..', path.slice(tmpdir().length))],
    [
      'a symbolic link to the input',
      (path: string) => {
        symlinkSync(path, `${path}.link`);
        return `${path}.link`;
      },
    ],
    [
      'another name of the input',
      (path: string) => {
        linkSync(path, `${path}.hard`);
        return `${path}.hard`;
      },
    ],
  ])('can not be %s: nothing is read or written, and 2', async (_what, rejectsOf) => {
    const content = lines(wrong, ...manyMovies(200));
    const from = file(content);

    const run = await load({ from, rejects: rejectsOf(from) });

    expect(run.exitCode).toBe(2);
    expect(run.errors).toContain('is the input itself');
    expect(readFileSync(from, 'utf8')).toBe(content);
  });

  test('of an earlier load stay until there are others, and a device is written to as it is', async () => {
    const rejects = file('of yesterday');

    await load({ input: lines(aMovie()), rejects });
    const kept = readFileSync(rejects, 'utf8');
    const run = await load({ input: lines(wrong), rejects: '/dev/null' });

    expect(kept).toBe('of yesterday');
    expect(run.output).toContain('Rejected records, with reasons: /dev/null');
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
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
    const run = await load({ from: sampleFile });

    expect(run.output).toMatch(/^4,609 read, 4,609 loaded, 0 rejected/);
    expect(run.exitCode).toBe(0);
  });
});
