import type { Bench } from '../bench.ts';
import { benchMovies, pathOf } from '../servers/movies.ts';
import type { Scenario } from './scenario.ts';
import { compare, ours, type Comparison, type Subject } from './steady.ts';

const paths = benchMovies().map(pathOf);
const hotKeys = 10;
const cacheOff = { CACHE_TTL_MS: '0' };
const rawWithSdk = 'raw node:http + stock SDK';
const usualWithSdk = 'usual stack + stock SDK';

/** Compares over one constant database, whose own start is not measured. */
async function overStub(
  bench: Bench,
  env: Readonly<Record<string, string>>,
  comparison: Omit<Comparison, 'subjects'>,
  others: readonly string[] = [rawWithSdk],
): Promise<Awaited<ReturnType<typeof compare>>> {
  const stub = await bench.startStub();
  const database = { DYNAMODB_ENDPOINT: stub.url };
  const files: Readonly<Record<string, string>> = {
    [rawWithSdk]: 'raw-dynamo',
    [usualWithSdk]: 'usual-dynamo',
  };
  const subjects: Subject[] = [
    ...others.map((name) => ({ name, start: () => bench.startRival(files[name] ?? name, database) })),
    { name: ours, start: () => bench.startOurs('production', { ...database, ...env }) },
  ];
  try {
    return await compare(bench, { ...comparison, subjects });
  } finally {
    await stub.stop();
  }
}

export const database: Scenario = {
  name: 'database',
  title: 'One movie of 1,000, in turn, from DynamoDB',
  measures:
    'The production bundle, everything on, its response cache off, in front of a DynamoDB that answers a constant at once.',
  run: (bench) =>
    overStub(
      bench,
      cacheOff,
      {
        scenario: 'database',
        paths,
        ratios: [{ over: rawWithSdk, target: { atLeast: 1.5 } }, { over: usualWithSdk }],
      },
      [rawWithSdk, usualWithSdk],
    ),
};

export const databaseHot: Scenario = {
  name: 'database-hot',
  title: 'One of 10 movies, again and again, from DynamoDB',
  measures: 'The production bundle with its response cache as it is in production; the rival asks each time.',
  run: (bench) =>
    overStub(
      bench,
      {},
      {
        scenario: 'database-hot',
        paths: paths.slice(0, hotKeys),
        ratios: [{ over: rawWithSdk, target: { atLeast: 10 } }],
      },
    ),
};

export const page: Scenario = {
  name: 'page',
  title: 'A page of 20 movies of a year, from DynamoDB',
  measures:
    'One Query of 20 items, 50 years in turn. That a page costs 1.5 read units at most is tested by tests/contract.',
  run: (bench) =>
    overStub(
      bench,
      {},
      {
        scenario: 'page',
        paths: Array.from({ length: 50 }, (_, year) => `/movies?year=${1970 + year}&limit=20`),
        ratios: [{ over: rawWithSdk }],
      },
    ),
};
