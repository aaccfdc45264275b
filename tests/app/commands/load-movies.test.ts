import { describe, expect, test } from '@jest/globals';
import { createMovieCheck } from '../../../app/src/commands/load/check-movie.ts';
import { loadMovies, type Reject, type WriteBatch } from '../../../app/src/commands/load/load-movies.ts';
import { Unreadable } from '../../../app/src/commands/load/read-movies.ts';
import type { Item } from '../../../app/src/dynamo/movie-item.ts';
import { aMovie } from '../../support/movies.ts';

const check = createMovieCheck();
const manyMovies = (count: number) =>
  Array.from({ length: count }, (_, n) => aMovie({ title: `Movie ${n}` }));

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

    const report = await loadMovies(manyMovies(110), table.writeBatch, { check, concurrency: 2 });

    expect(report).toEqual({ read: 110, loaded: 110, rejected: 0, superseded: 0, stopped: false });
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
    const records = [
      aMovie(),
      { year: 1800, title: '', info: { rating: 11 }, extra: 1 },
      'no movie',
      new Unreadable('not JSON: really', '{oops'),
      aMovie({ title: 'Refused' }),
      aMovie({ title: 'é'.repeat(600) }),
      { title: 'No year', info: {} },
    ];

    const report = await loadMovies(records, table.writeBatch, {
      check,
      onReject: (it) => void rejects.push(it),
    });

    expect(report).toEqual({ read: 7, loaded: 1, rejected: 6, superseded: 0, stopped: false });
    expect(rejects.map(({ position, reason }) => [position, reason])).toEqual([
      [
        2,
        'the record must NOT have additional properties: extra; /year must be >= 1870; /title must NOT have fewer than 1 characters; /info/rating must be <= 10',
      ],
      [3, 'the record must be object'],
      [4, 'not JSON: really'],
      [6, 'The title must be 1 to 1,024 bytes of well-formed UTF-8.'],
      [7, "the record must have required property 'year'"],
      [5, 'Too large'],
    ]);
    expect(rejects[0]?.record).toBe(records[1]);
  });

  test('of records with one key the last one stays, in one batch and across batches on their way', async () => {
    const laterIsFaster = (batch: number) => Math.max(1, 50 - 10 * batch);
    const table = aTable([], laterIsFaster);
    const versions = Array.from({ length: 80 }, (_, rank) =>
      aMovie({ title: 'Same', info: { rank: rank + 1 } }),
    );
    const others = manyMovies(80);

    const report = await loadMovies(
      versions.flatMap((version, n) => [version, ...others.slice(n, n + 1)]),
      table.writeBatch,
      { check, concurrency: 8 },
    );

    expect(table.stored.get('Same')?.['info']).toEqual({ M: { rank: { N: '80' } } });
    expect(report.superseded + report.loaded).toBe(160);
    expect(table.stored.size).toBe(81);
  });

  test('loading the same again changes nothing', async () => {
    const table = aTable();
    await loadMovies(manyMovies(30), table.writeBatch, { check });
    const before = new Map(table.stored);

    await loadMovies(manyMovies(30), table.writeBatch, { check });

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

    const report = await loadMovies(endless(), table.writeBatch, { check, signal: interruption.signal });

    expect(report).toEqual({ read: 59, loaded: 59, rejected: 0, superseded: 0, stopped: true });
    expect(reads).toBe(60);
  });

  test('a table that fails ends the load with its error, once nothing is in flight', async () => {
    let calls = 0;
    const failing: WriteBatch = async () => {
      calls += 1;
      await new Promise(setImmediate);
      throw new Error('Gone');
    };

    await expect(loadMovies(manyMovies(10_000), failing, { check, concurrency: 3 })).rejects.toThrow('Gone');
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

    await loadMovies(counted(), table.writeBatch, { check, concurrency: 2 });

    expect(Math.max(...ahead)).toBeLessThanOrEqual(75);
  });
});
