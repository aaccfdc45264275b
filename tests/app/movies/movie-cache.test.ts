import { beforeEach, describe, expect, test } from '@jest/globals';
import { NotFound, Unavailable } from '../../../app/src/movies/errors.ts';
import { createMovieCache, type MovieCache } from '../../../app/src/movies/movie-cache.ts';
import type { Movie, MovieRepository, StoredMovie } from '../../../app/src/movies/movie.ts';
import { aMovie } from '../../support/movies.ts';

const key = { year: 2013, title: 'Rush' };
const ttlMs = 1_000;

/** A table whose reads and writes end when the test says so. */
function aSlowTable() {
  const reads: { answer: (revision: string, movie?: Movie) => void; fail: (error: Error) => void }[] = [];
  const writes: { end: () => void; fail: (error: Error) => void }[] = [];
  const read = () =>
    new Promise<StoredMovie>((resolve, reject) => {
      const answer = (revision: string, movie = aMovie()) => {
        resolve({ movie, revision });
      };
      reads.push({ answer, fail: reject });
    });
  const write = () =>
    new Promise<StoredMovie>((resolve, reject) => {
      const end = () => {
        resolve({ movie: aMovie(), revision: 'written' });
      };
      writes.push({ end, fail: reject });
    });
  const repository: MovieRepository = {
    find: read,
    list: () => Promise.resolve({ movies: [] }),
    create: write,
    replace: write,
    update: write,
    remove: async () => {
      await write();
    },
    ready: () => Promise.resolve(),
  };
  return { reads, writes, repository };
}

let nowMs: number;
let table: ReturnType<typeof aSlowTable>;
let cache: MovieCache;
const sources: string[] = [];

beforeEach(() => {
  nowMs = 5_000;
  table = aSlowTable();
  sources.length = 0;
  cache = createMovieCache(table.repository, {
    ttlMs,
    maxBytes: 1_000_000,
    now: () => nowMs,
    random: () => 0,
    observe: (source) => sources.push(source),
  });
});

/** Asks, and lets the table answer the newest read at once. */
async function found(revision: string): Promise<string> {
  const asked = cache.findRecent(key);
  table.reads.at(-1)?.answer(revision);
  return (await asked).revision;
}

describe('a remembered movie', () => {
  test('is read once for all who ask at the same time, and for all who ask within the time to live', async () => {
    const asked = [cache.findRecent(key), cache.findRecent(key), cache.findRecent(key)];
    table.reads[0]?.answer('first');
    const together = await Promise.all(asked);
    nowMs += ttlMs;
    const later = await cache.findRecent(key);

    expect([...together, later].map(({ revision }) => revision)).toEqual(Array(4).fill('first'));
    expect(later).toMatchObject({
      json: JSON.stringify(aMovie()),
      jsonBytes: Buffer.byteLength(JSON.stringify(aMovie())),
    });
    expect(table.reads).toHaveLength(1);
    expect(sources).toEqual(['table', 'shared', 'shared', 'memory']);
  });

  test('is read again after its time to live, which begins when its read began', async () => {
    const asked = cache.findRecent(key);
    nowMs += ttlMs - 1;
    table.reads[0]?.answer('first');
    await asked;
    nowMs += 2;

    expect(await found('second')).toBe('second');
    expect(table.reads).toHaveLength(2);
  });

  test('is not waited for longer than it may be old: a read that takes too long is not shared', async () => {
    const slow = cache.findRecent(key);
    nowMs += ttlMs;

    expect(await found('second')).toBe('second');
    table.reads[0]?.answer('first');

    // Nobody gets an older answer after a newer one.
    expect((await slow).revision).toBe('second');
    expect((await cache.findRecent(key)).revision).toBe('second');
  });

  test('stays the same object when it is read again unchanged, for as long as its time to live again', async () => {
    await found('first');
    const before = cache.recall(key);
    nowMs += ttlMs + 1;
    await found('first');
    nowMs += ttlMs;
    const after = cache.recall(key);
    nowMs += 1;

    expect(after).toBe(before);
    expect(cache.recall(key)).toBeUndefined();
  });

  test('is another one when its content is, even under the same revision', async () => {
    await found('first');
    nowMs += ttlMs + 1;
    const changed = { ...aMovie(), info: { plot: 'Changed by somebody who knows nothing of revisions' } };
    const asked = cache.findRecent(key);
    table.reads.at(-1)?.answer('first', changed);

    expect((await asked).json).toBe(JSON.stringify(changed));
    expect(cache.recall(key)).toMatchObject({ json: JSON.stringify(changed) });
  });

  test('is another one when its revision is, even with the same content', async () => {
    await found('first');
    nowMs += ttlMs + 1;

    expect(await found('second')).toBe('second');
    expect(cache.recall(key)).toMatchObject({ revision: 'second' });
  });

  test('is always read from the table by who asks for what is true now', async () => {
    await found('first');

    const now = cache.find(key);
    table.reads[1]?.answer('second');

    expect((await now).revision).toBe('second');
  });

  test('is recalled without a read, or not at all', async () => {
    const before = cache.recall(key);
    await found('first');

    expect(before).toBeUndefined();
    expect(cache.recall(key)).toMatchObject({ revision: 'first' });
    expect(cache.recall({ ...key, year: 2014 })).toBeUndefined();
  });

  test('lives shorter by up to a quarter, as chance has it', async () => {
    const unlucky = createMovieCache(table.repository, {
      ttlMs,
      maxBytes: 1_000_000,
      now: () => nowMs,
      random: () => 1,
    });
    const asked = unlucky.findRecent(key);
    table.reads[0]?.answer('first');
    await asked;
    nowMs += (ttlMs * 3) / 4;
    const before = unlucky.recall(key);
    nowMs += 1;

    expect(before).toMatchObject({ revision: 'first' });
    expect(unlucky.recall(key)).toBeUndefined();
  });

  test('is not read again in the same moment as all others that were read in one moment', async () => {
    const movies = Array.from({ length: 100 }, (_, n) => ({ year: 2013, title: `Rush ${n}` }));
    const usual = createMovieCache(table.repository, { ttlMs, maxBytes: 1_000_000, now: () => nowMs });
    const asked = movies.map((movie) => usual.findRecent(movie));
    table.reads.forEach(({ answer }) => {
      answer('first');
    });
    await Promise.all(asked);
    const remembered = (afterMs: number) => {
      nowMs = 5_000 + afterMs;
      return movies.filter((movie) => usual.recall(movie) !== undefined).length;
    };

    expect(remembered((ttlMs * 3) / 4)).toBe(100);
    const halfway = remembered((ttlMs * 7) / 8);
    expect(halfway).toBeGreaterThan(0);
    expect(halfway).toBeLessThan(100);
    expect(remembered(ttlMs + 1)).toBe(0);
  });

  test('is never older than a list that was answered: neither what was remembered nor a read under way', async () => {
    const newer: Movie = { ...key, info: { rating: 9.9 } };
    table.repository.list = () => Promise.resolve({ movies: [newer] });
    await found('old');
    await cache.list({}, 20);
    const again = cache.findRecent(key);
    await cache.list({}, 20);
    table.reads.at(-1)?.answer('old');
    await again;
    const after = cache.findRecent(key);
    table.reads.at(-1)?.answer('new', newer);

    expect(sources).toEqual(['table', 'table', 'table']);
    expect((await after).revision).toBe('new');
  });

  test('is what a fresh read has found, by any way to read it', async () => {
    await found('first');
    const fresh = cache.findFresh(key);
    table.reads.at(-1)?.answer('second');
    const seen = [(await fresh).revision, (await cache.findRecent(key)).revision];
    const plain = cache.find(key);
    table.reads.at(-1)?.answer('third');
    seen.push((await plain).revision, (await cache.findRecent(key)).revision);

    expect(seen).toEqual(['second', 'second', 'third', 'third']);
  });

  test('gives way when others are used more: the memory is bounded', async () => {
    const small = createMovieCache(table.repository, { ttlMs, maxBytes: 4_000, now: () => nowMs });
    for (const title of ['A', 'B', 'C', 'D', 'E']) {
      const asked = small.findRecent({ year: 2013, title });
      table.reads.at(-1)?.answer(title);
      await asked;
    }

    expect(small.recall({ year: 2013, title: 'A' })).toBeUndefined();
    expect(small.recall({ year: 2013, title: 'E' })).toMatchObject({ revision: 'E' });
  });

  test('is never remembered when the time to live is 0, and no read is shared', async () => {
    const none = createMovieCache(table.repository, { ttlMs: 0, maxBytes: 1_000_000, now: () => nowMs });

    const asked = [none.findRecent(key), none.findRecent(key)];
    table.reads.forEach(({ answer }, n) => {
      answer(String(n));
    });

    expect((await Promise.all(asked)).map(({ revision }) => revision)).toEqual(['0', '1']);
    expect(none.recall(key)).toBeUndefined();
  });
});

describe('a movie that is missing', () => {
  async function missing(): Promise<void> {
    const asked = cache.findRecent(key);
    table.reads.at(-1)?.fail(new NotFound('There is none.'));
    await expect(asked).rejects.toThrow(new NotFound('There is none.'));
  }

  test('is believed to be missing for a quarter of the time only', async () => {
    await missing();
    nowMs += ttlMs / 4;
    await expect(cache.findRecent(key)).rejects.toThrow(new NotFound('There is none.'));
    nowMs += 1;

    expect(await found('first')).toBe('first');
  });

  test('is there as soon as it was created here', async () => {
    await missing();
    const created = cache.create(aMovie());
    table.writes[0]?.end();
    await created;

    expect(await found('first')).toBe('first');
  });
});

test('what could not be read is asked for again: errors are not remembered', async () => {
  const asked = cache.findRecent(key);
  table.reads[0]?.fail(new Unavailable('Down.'));
  await expect(asked).rejects.toThrow('Down.');

  expect(await found('first')).toBe('first');
});

describe.each([
  ['replaced', () => cache.replace(aMovie(), 'any')],
  ['updated', () => cache.update(key, 'any', {})],
  ['removed', () => cache.remove(key, 'any')],
  ['created', () => cache.create(aMovie())],
])('a movie that is %s here', (_what, write) => {
  test('is read again', async () => {
    await found('old');
    const writing = write();
    table.writes[0]?.end();
    await writing;

    expect(await found('new')).toBe('new');
  });

  test('is read again even when the write failed, which it may only seem to have', async () => {
    await found('old');
    const writing = write();
    table.writes[0]?.fail(new Unavailable('The answer got lost.'));
    await expect(writing).rejects.toThrow();

    expect(await found('new')).toBe('new');
  });

  test('is not remembered from a read that began before the write ended, nor is such a read shared', async () => {
    const writing = write();
    const early = cache.findRecent(key);
    table.writes[0]?.end();
    await writing;
    const late = cache.findRecent(key);
    table.reads[1]?.answer('new');
    await late;
    table.reads[0]?.answer('old');

    expect((await early).revision).toBe('old');
    expect((await cache.findRecent(key)).revision).toBe('new');
  });
});

test('a write to one movie lets the others stay remembered', async () => {
  await found('first');
  const writing = cache.replace({ ...aMovie(), title: 'Other' }, 'any');
  table.writes[0]?.end();
  await writing;

  expect(cache.recall(key)).toMatchObject({ revision: 'first' });
});
