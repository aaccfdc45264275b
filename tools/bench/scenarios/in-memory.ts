import { benchMovies, pathOf } from '../servers/movies.ts';
import type { Scenario } from './scenario.ts';
import { compare, ours } from './steady.ts';

const paths = benchMovies().map(pathOf);
const hotKeys = 10;
/** More than are asked for in the second for which an answer is remembered. */
const coldKeys = 50_000;
const manyMovies = { BENCH_MOVIES: String(coldKeys) };

export const rotating: Scenario = {
  name: 'rotating',
  title: 'One movie of 1,000, in turn, from memory',
  measures:
    'What the service itself costs: everything on, its repository exchanged for one in memory. Each movie comes again within the second for which it is remembered.',
  run: (bench) =>
    compare(bench, {
      scenario: 'rotating',
      paths,
      subjects: [
        { name: 'raw node:http', start: () => bench.startRival('raw') },
        { name: 'bare Fastify', start: () => bench.startRival('fastify') },
        { name: 'bare Express', start: () => bench.startRival('express') },
        { name: 'usual stack', start: () => bench.startRival('usual') },
        { name: ours, start: () => bench.startOurs('inMemory') },
      ],
      ratios: [
        { over: 'bare Express', target: { atLeast: 0.75 } },
        { over: 'usual stack' },
        { over: 'bare Fastify' },
        { over: 'raw node:http' },
      ],
    }),
};

export const cold: Scenario = {
  name: 'cold',
  title: 'One movie of 50,000, in turn, from memory',
  measures: 'The same where no movie comes again while it is remembered: each request asks the repository.',
  run: (bench) =>
    compare(bench, {
      scenario: 'cold',
      paths: benchMovies(coldKeys).map(pathOf),
      subjects: [
        { name: 'bare Express', start: () => bench.startRival('express', manyMovies) },
        { name: 'usual stack', start: () => bench.startRival('usual', manyMovies) },
        { name: ours, start: () => bench.startOurs('inMemory', manyMovies) },
      ],
      ratios: [{ over: 'bare Express', target: { atLeast: 0.75 } }, { over: 'usual stack' }],
    }),
};

export const hot: Scenario = {
  name: 'hot',
  title: 'One of 10 movies, again and again, from memory',
  measures: 'The same for movies that are asked for all the time.',
  run: (bench) =>
    compare(bench, {
      scenario: 'hot',
      paths: paths.slice(0, hotKeys),
      subjects: [
        { name: 'bare Express', start: () => bench.startRival('express') },
        { name: ours, start: () => bench.startOurs('inMemory') },
      ],
      ratios: [{ over: 'bare Express', target: { atLeast: 1.1 } }],
    }),
};
