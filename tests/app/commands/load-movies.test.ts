import { describe, expect, test } from '@jest/globals';
import {
  createMovieCheck,
  loadMovies,
  recordsOf,
  type WriteBatch,
} from '../../../app/src/commands/load/load-movies.ts';
import type { InputRecord } from '../../../app/src/commands/load/read-movies.ts';
import type { Reject } from '../../../app/src/commands/load/rejects-file.ts';
import type { Item } from '../../../app/src/dynamo/movie-item.ts';
import { aMovie } from '../../support/movies.ts';

const check = createMovieCheck();
const manyMovies = (count: number) =>
  Array.from({ length: count }, (_, n) => aMovie({ title: `Movie ${n}` }));
const load = (records: Iterable<unknown>, writeBatch: WriteBatch, options: object = {}) =>
  loadMovies(recordsOf(records), writeBatch, { check, ...options });

/**
 * Keeps what it is given, after some turns of the event loop for each batch; the item of a title in `refuses` is refused.
 */
function aTable(refuses: readonly string[] = [], turnsOf: (batch: number) => number = () => 1) {
  const stored = new Map<string, Item>();
  const batches: number[] = [];
  let [inFlight, most] = [0, 0];
  const writeBatch: WriteBatch = async (items) => {
    batches.push(items.length);
    inFlight += 1;
    most = Math.max(most, inFlight);
    const turns = turnsOf(batches.length);
    for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
    inFlight -= 1;
    const isRefused = ({ title }: Item) => refuses.includes(title?.S ?? '');
    for (const item of items) if (!isRefused(item)) stored.set(item['title']?.S ?? '', item);
    return items.filter(isRefused).map((item) => ({ item, reason: 'Too large' }));
  };
  return { writeBatch, stored, batches, mostInFlight: () => most };
}

describe('loading movies', () => {
  test('a hundred and ten movies are five batches, no more at once than allowed, all with their revision', async () => {
    const table = aTable();

    const report = await load(manyMovies(110), table.writeBatch, { concurrency: 2 });

    expect(report).toEqual({ read: 110, loaded: 110, rejected: 0, replaced: 0 });
    expect(table.batches).toEqual([25, 25, 25, 25, 10]);
    expect(table.mostInFlight()).toBe(2);
    expect(table.stored.get('Movie 7')).toMatchObject({
      rating: { N: '8.3' },
      revision: { S: expect.any(String) },
    });
  });

  test('each bad record is rejected with its position and every reason; the others are loaded', async () => {
    const table = aTable(['Refused']);
    const rejects: Reject[] = [];
    const deep = (levels: number, ending = '') =>
      `{"year":2001,"title":"Deep","info":{"x":${'['.repeat(levels)}${ending}${']'.repeat(levels)}}}`;
    const records = [
      JSON.stringify(aMovie()),
      '{"year":1800,"title":"","info":{"rating":11},"extra":1}',
      '"no movie"',
      '{oops\ufeff',
      JSON.stringify(aMovie({ title: 'Refused' })),
      JSON.stringify(aMovie({ title: 'é'.repeat(600) })),
      '{"title":"No year","info":{}}',
      deep(40),
      deep(2_500),
      deep(50_000, '1e1'),
      '{"year":2001,"title":"Id","info":{"id":9007199254740993}}',
      '{"year":2001,"title":"High","info":{"n":1e400}}',
      '{"year":2001,"title":"Half","info":{"text":"\\ud800"}}',
      JSON.stringify(aMovie({ title: 'Last' })),
    ].map((text, index): InputRecord => ({ line: index + 1, text }));

    const report = await loadMovies(records, table.writeBatch, {
      check,
      onReject: (it) => void rejects.push(it),
    });

    expect(report).toEqual({ read: 14, loaded: 2, rejected: 12, replaced: 0 });
    expect(
      rejects.toSorted((a, b) => a.position - b.position).map(({ position, reason }) => [position, reason]),
    ).toEqual([
      [
        2,
        'the record must NOT have additional properties: extra; /year must be >= 1870; /title must NOT have fewer than 1 characters; /info/rating must be <= 10',
      ],
      [3, 'the record must be object'],
      [4, expect.stringMatching(/^not JSON: /)],
      [5, 'Too large'],
      [6, 'The title must be 1 to 1,024 bytes of well-formed UTF-8.'],
      [7, "the record must have required property 'year'"],
      [8, 'Objects and lists nest more than 30 levels deep.'],
      [9, 'Objects and lists nest more than 30 levels deep.'],
      [10, 'Objects and lists nest more than 30 levels deep.'],
      [11, expect.stringContaining("The number 9007199254740993 can't be kept to the digit")],
      [12, expect.stringContaining("The number 1e400 can't be kept to the digit")],
      [13, 'A text holds half of a Unicode surrogate pair.'],
    ]);
    expect(rejects[0]).toMatchObject(records[1] ?? {});
    expect(rejects[2]?.reason).not.toContain('\ufeff');
  });

  test('of records with one key the last one stays, in one batch and across batches on their way', async () => {
    const laterIsFaster = (batch: number) => Math.max(1, 50 - 10 * batch);
    const table = aTable([], laterIsFaster);
    const versions = Array.from({ length: 80 }, (_, rank) =>
      aMovie({ title: 'Same', info: { rank: rank + 1 } }),
    );
    const others = manyMovies(80);

    const report = await load(
      versions.flatMap((version, n) => [version, ...others.slice(n, n + 1)]),
      table.writeBatch,
    );

    expect(table.stored.get('Same')?.['info']).toEqual({ M: { rank: { N: '80' } } });
    expect(report).toEqual({ read: 160, loaded: 81, rejected: 0, replaced: 79 });
    expect(table.stored.size).toBe(81);
  });

  test('the earlier one of a key is stored when the table refuses the later one of its batch', async () => {
    const stored: Item[] = [];
    const refusesRank2: WriteBatch = (items) => {
      const isRefused = ({ info }: Item) => info?.M?.['rank']?.N === '2';
      stored.push(...items.filter((item) => !isRefused(item)));
      return Promise.resolve(items.filter(isRefused).map((item) => ({ item, reason: 'Too large' })));
    };

    const report = await load(
      [1, 2].map((rank) => aMovie({ info: { rank } })),
      refusesRank2,
    );

    expect(report).toEqual({ read: 2, loaded: 1, rejected: 1, replaced: 0 });
    expect(stored.map(({ info }) => info?.M?.['rank'])).toEqual([{ N: '1' }]);
  });

  test('the sums add up to what is in the table for thousands of keys with repeats far apart', async () => {
    const table = aTable();

    const report = await load([...manyMovies(3_000), ...manyMovies(1_200)], table.writeBatch);

    expect(report).toEqual({ read: 4_200, loaded: 3_000, rejected: 0, replaced: 1_200 });
    expect(table.stored.size).toBe(3_000);
  });

  test('what comes before a fault of the input is loaded and counted, and then the fault is told', async () => {
    const table = aTable();
    let last = {};
    function* broken() {
      yield* recordsOf(manyMovies(60));
      throw new Error('Broken');
    }

    const loading = loadMovies(broken(), table.writeBatch, {
      check,
      onProgress: (count) => (last = { ...count }),
    });

    await expect(loading).rejects.toThrow('Broken');
    expect(last).toEqual({ read: 60, loaded: 60, rejected: 0, replaced: 0 });
    expect(table.stored.size).toBe(60);
  });

  test('loading the same again changes nothing', async () => {
    const table = aTable();
    await load(manyMovies(30), table.writeBatch);
    const before = new Map(table.stored);

    await load(manyMovies(30), table.writeBatch);

    expect(table.stored).toEqual(before);
  });

  test('an abort finishes what is in flight and reads no further', async () => {
    const table = aTable();
    const interruption = new AbortController();
    let reads = 0;
    function* endless() {
      for (;;) {
        reads += 1;
        if (reads === 60) interruption.abort();
        yield aMovie({ title: `Movie ${reads}` });
      }
    }

    const report = await load(endless(), table.writeBatch, { signal: interruption.signal });

    expect(report).toEqual({ read: 59, loaded: 59, rejected: 0, replaced: 0 });
    expect(reads).toBe(60);
  });

  test('a table that fails ends the load with its error, once nothing is in flight', async () => {
    let calls = 0;
    const failing: WriteBatch = async () => {
      calls += 1;
      await new Promise(setImmediate);
      throw new Error('Gone');
    };

    await expect(load(manyMovies(10_000), failing, { concurrency: 3 })).rejects.toThrow('Gone');
    expect(calls).toBeLessThan(10);
  });

  test('a slow table slows the reading: no more is held than the batches in flight and the next', async () => {
    const table = aTable();
    let read = 0;
    const ahead: number[] = [];
    function* counted() {
      for (const movie of manyMovies(500)) {
        read += 1;
        ahead.push(read - table.stored.size);
        yield movie;
      }
    }

    await load(counted(), table.writeBatch, { concurrency: 2 });

    expect(Math.max(...ahead)).toBeLessThanOrEqual(75);
  });
});
