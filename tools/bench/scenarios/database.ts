import type { Bench } from '../bench.ts';
import { benchMovies, pathOf } from '../servers/movies.ts';
import { withServer } from '../server-process.ts';
import type { Scenario } from './scenario.ts';
import { compare, ours, type Comparison, type Subject } from './steady.ts';

const paths = benchMovies().map(pathOf);
const hotKeys = 10;
/** More than are asked for in the second for which an answer is remembered. */
const coldKeys = 50_000;
const raw = { name: 'raw node:http + stock SDK', file: 'raw-dynamo' };
const usual = { name: 'usual stack + stock SDK', file: 'usual-dynamo' };
type Rival = typeof raw;

/** Compares over one constant database, whose own start is not measured. */
async function overStub(
  bench: Bench,
  comparison: Omit<Comparison, 'subjects'>,
  others: readonly Rival[] = [raw],
): Promise<Awaited<ReturnType<typeof compare>>> {
  return withServer(bench.startStub(), (stub) => {
    const database = { DYNAMODB_ENDPOINT: stub.url };
    const subjects: Subject[] = [
      ...others.map(({ name, file }) => ({ name, start: () => bench.startRival(file, database) })),
      { name: ours, start: () => bench.startOurs('production', database) },
    ];
    return compare(bench, { ...comparison, subjects });
  });
}

export const database: Scenario = {
  name: 'database',
  title: 'One movie of 1,000, in turn, from DynamoDB',
  measures:
    'The production bundle, everything on, in front of a DynamoDB that answers a constant at once. Each movie comes again within the second for which it is remembered.',
  run: (bench) =>
    overStub(
      bench,
      {
        scenario: 'database',
        paths,
        ratios: [{ over: raw.name, target: { atLeast: 1.5 } }, { over: usual.name }],
      },
      [raw, usual],
    ),
};

export const databaseCold: Scenario = {
  name: 'database-cold',
  title: 'One movie of 50,000, in turn, from DynamoDB',
  measures:
    'The same where no movie comes again while it is remembered: each request is a call of the database.',
  run: (bench) =>
    overStub(
      bench,
      {
        scenario: 'database-cold',
        paths: benchMovies(coldKeys).map(pathOf),
        ratios: [{ over: raw.name, target: { atLeast: 1.5 } }, { over: usual.name }],
      },
      [raw, usual],
    ),
};

export const databaseHot: Scenario = {
  name: 'database-hot',
  title: 'One of 10 movies, again and again, from DynamoDB',
  measures:
    'The production bundle for movies that are asked for all the time; the rival asks the database each time.',
  run: (bench) =>
    overStub(bench, {
      scenario: 'database-hot',
      paths: paths.slice(0, hotKeys),
      ratios: [{ over: raw.name, target: { atLeast: 10 } }],
    }),
};

export const page: Scenario = {
  name: 'page',
  title: 'A page of 20 movies of a year, from DynamoDB',
  measures:
    'One Query of 20 items, 50 years in turn. That a page costs 1.5 read units at most is tested by tests/app/contract.',
  run: (bench) =>
    overStub(bench, {
      scenario: 'page',
      paths: Array.from({ length: 50 }, (_, year) => `/movies?year=${1970 + year}&limit=20`),
      ratios: [{ over: raw.name }],
    }),
};
