import { createMovieCache } from '../../app/src/movies/movie-cache.ts';
import type { MovieRepository } from '../../app/src/movies/movie-repository.ts';
import { createDraw, createRandom, pause } from './random.ts';
import type { Ranked } from './popularity.ts';

export interface Simulation {
  readonly movies: readonly Ranked[];
  /** Share of the requests for each movie. */
  readonly shares: readonly number[];
  /** Requests a second of one task. */
  readonly perSecond: number;
  readonly ttlMs: number;
  readonly maxBytes: number;
  /** Requests that count, after as many seconds of warm-up as an entry lives twice. */
  readonly requests: number;
  readonly seed?: number;
}

export interface Simulated {
  readonly hitRate: number;
  /** Reads of the table a second, for each movie, of this one task. */
  readonly reads: readonly number[];
}

/** As large as the movies that ship are as items: it decides how many fit into the cache. */
const plot = 'x'.repeat(500);

/**
 * One task's cache, the real one, under requests that come at random and on a clock of its own. The table answers at
 * once, so sharing a read under way saves nothing here: the figures are on the safe side.
 */
export async function simulate({
  movies,
  shares,
  perSecond,
  ttlMs,
  maxBytes,
  requests,
  seed = 1,
}: Simulation): Promise<Simulated> {
  let nowMs = 0;
  const random = createRandom(seed);
  const draw = createDraw(shares, random);
  const cache = createMovieCache(tableOf(), { ttlMs, maxBytes, now: () => nowMs, random });
  const reads = movies.map(() => 0);
  const ask = async (isCounted: boolean) => {
    nowMs += pause(perSecond, random);
    const index = draw();
    const movie = movies[index];
    if (movie === undefined || cache.recall(movie) !== undefined) return;
    if (isCounted) reads[index] = (reads[index] ?? 0) + 1;
    await cache.findRecent(movie);
  };

  while (nowMs < 2 * ttlMs) await ask(false);
  const startedAt = nowMs;
  for (let sent = 0; sent < requests; sent += 1) await ask(true);
  const seconds = (nowMs - startedAt) / 1_000;
  const misses = reads.reduce((sum, count) => sum + count, 0);
  return { hitRate: 1 - misses / requests, reads: reads.map((count) => count / seconds) };
}

/** Has every movie, and answers at once. */
function tableOf(): MovieRepository {
  const none = () => Promise.reject(new Error('This table is only read.'));
  return {
    find: ({ year, title }) =>
      Promise.resolve({ movie: { year, title, info: { plot } }, revision: 'the only one' }),
    list: none,
    create: none,
    replace: none,
    update: none,
    remove: none,
    ready: () => Promise.resolve(),
  };
}
