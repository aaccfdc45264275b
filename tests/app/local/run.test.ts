import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { describeWith, program } from '../../support/requirements.ts';
import { startMakeRunOnTerminal, startProgram, startRun, type LocalRun } from './local-run.ts';

jest.setTimeout(1_200_000);
const run = promisify(execFile);
const running = /Ctrl-C stops everything/;
const curl = program('curl', 'install curl');
const script = program('script', 'install util-linux, whose `script` gives a program a terminal');

/** The addresses that the welcome names. */
const addressesIn = (output: string) =>
  [...output.matchAll(/^ {2}(?:Swagger UI|API|Metrics|Issuer) +(http\S+)/gm)].map(
    ([, address = '']) => address,
  );

const answersAt = (addresses: readonly string[]) =>
  Promise.all(
    addresses.map((address) =>
      fetch(address).then(
        ({ status }) => status,
        () => 'nobody there',
      ),
    ),
  );

describeWith([curl], 'make run', () => {
  let dataDir: string;
  let interrupted: LocalRun;
  let first: LocalRun;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'make-run-'));
    interrupted = startRun(dataDir);
    await interrupted.shows(/each of them, as it was/);
    interrupted.kill('SIGINT');
    await interrupted.ended;
    first = startRun(dataDir);
    await first.shows(running);
  });
  afterAll(async () => {
    first.kill('SIGTERM');
    await first.ended;
    await rm(dataDir, { recursive: true });
  });

  test('Ctrl-C in the middle of the load ends it with success', async () => {
    expect(await interrupted.ended).toBe(0);
    expect(interrupted.output()).not.toMatch(running);
  });

  test('the start after that finishes the load and reports what became of each record', () => {
    expect(first.output()).toMatch(/3,201 records, 3,200 movies/);
    expect(first.output()).toMatch(/1 dropped: the title is missing/);
    expect(first.output()).toMatch(/22 repaired: the year was a century ahead \(2046 → 1946\)/);
    expect(first.output()).toMatch(/3,200 movies loaded/);
  });

  test('every repaired or dropped record is listed as it was', async () => {
    const lines = (await readFile(join(dataDir, 'real-movies.findings.jsonl'), 'utf8')).trimEnd().split('\n');

    expect(lines).toHaveLength(50);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      outcome: 'repaired',
      what: 'the year was a century ahead',
      from: '2046',
      to: '1946',
      record: { Title: 'Duel in the Sun', 'Release Date': 'Dec 31 2046' },
    });
  });

  test('the printed addresses answer, and the data lies where it says', async () => {
    const addresses = addressesIn(first.output());

    expect(first.output()).toContain(`The data stays until rm -r ${dataDir}.`);

    expect(addresses).toHaveLength(4);
    expect(await answersAt(addresses)).toEqual([200, 200, 200, 200]);
  });

  test('the printed curl, pasted into a shell, gets the best movies of 1994', async () => {
    const [command] = await first.shows(/curl -s .*/);

    const { stdout } = await run('bash', ['-c', command]);

    const page = JSON.parse(stdout) as { movies: { title: string; info: { rating: number } }[] };
    expect(page.movies.map(({ info }) => info.rating)).toEqual([9.2, 8.9, 8.6, 8.6, 8.2]);
    // Equal ratings come in an order that DynamoDB doesn't promise.
    expect(page.movies.map(({ title }) => title).toSorted()).toEqual([
      'Forrest Gump',
      'Léon',
      'Pulp Fiction',
      'The Lion King',
      'The Shawshank Redemption',
    ]);
  });

  test('it stops with success on Ctrl-C and leaves nobody listening', async () => {
    const addresses = addressesIn(first.output());

    first.kill('SIGINT');

    expect(await first.ended).toBe(0);
    expect(await answersAt(addresses)).toEqual(Array(4).fill('nobody there'));
  });

  describeWith([script], 'again, on a terminal', () => {
    let second: LocalRun | undefined;
    afterAll(() => second?.kill('SIGTERM'));

    test('loads nothing, and Ctrl-C is a success for make, too', async () => {
      second = startMakeRunOnTerminal(dataDir);
      await second.shows(running);
      const addresses = addressesIn(second.output());

      second.type('\u0003');

      expect(await second.ended).toBe(0);
      expect(second.output()).toMatch(/The movies of vega-datasets 3\.2\.1 were loaded before/);
      expect(second.output()).not.toMatch(/movies loaded in|Error/);
      expect(await answersAt(addresses)).toEqual(Array(4).fill('nobody there'));
    });
  });
});

describe('make run, where it can not', () => {
  const start = (args: readonly string[], env?: NodeJS.ProcessEnv) =>
    startProgram(process.execPath, [resolve('app/src/local/main.ts'), ...args], env);

  test('names the port that is taken and the setting that chooses another one', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };

    const blocked = start([], {
      PORT: String(port),
      METRICS_PORT: '0',
      ISSUER_PORT: '0',
      DYNAMODB_PORT: '0',
    });

    expect(await blocked.ended).toBe(1);
    expect(blocked.output()).toMatch(
      new RegExp(
        `^error: taken already: port ${port} \\(the API\\)\\.\nchoose others: PORT=\\d+ make run\n$`,
      ),
    );
    other.close();
  });

  test.each([
    [
      ['--port', 'eighty'],
      {},
      /error: option '--port <port>' argument 'eighty' is invalid\. A port is 0 to 65535\./,
    ],
    [
      [],
      { METRICS_PORT: '70000' },
      /value '70000' from env 'METRICS_PORT' is invalid\. A port is 0 to 65535\./,
    ],
    [['--prot', '1'], {}, /error: unknown option '--prot'\n\(Did you mean --port\?\)/],
    [['extra'], {}, /error: too many arguments/],
  ])('%j with %j is misuse', async (args, env, message) => {
    const refused = start(args, env);

    expect(await refused.ended).toBe(2);
    expect(refused.output()).toMatch(message);
  });

  test('--help shows every setting and succeeds', async () => {
    const help = start(['--help']);

    expect(await help.ended).toBe(0);
    expect(help.output()).toMatch(
      /PORT[\s\S]*METRICS_PORT[\s\S]*ISSUER_PORT[\s\S]*DYNAMODB_PORT[\s\S]*DATA_DIR/,
    );
  });
});
