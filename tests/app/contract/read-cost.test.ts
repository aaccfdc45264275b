import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createTableWriter } from '../../../app/src/commands/database.ts';
import { createMovieCheck, loadMovies, recordsOf } from '../../../app/src/commands/load/load-movies.ts';
import { createDynamoRepository } from '../../../app/src/dynamo/repository.ts';
import { accessPathOf } from '../../../app/src/dynamo/access-path.ts';
import { listMovies, type ReadItems } from '../../../app/src/dynamo/movie-list.ts';
import type { MovieFilter } from '../../../app/src/movies/movie.ts';
import { startDynamoDbLocal } from '../../../tools/sandbox/dynamodb-local.ts';
import { dynamoDbLocal } from '../../support/engines.ts';
import { aMovie } from '../../support/movies.ts';
import { describeWith } from '../../support/requirements.ts';
import { useRepository } from './repository-context.ts';

const genres = ['Drama', 'War', 'Comedy', 'Horror'];
const perYear = 400;
/** Three years of movies, each about as large as a real one: 500 bytes as an item. */
const catalogue = [2011, 2012, 2013].flatMap((year) =>
  Array.from({ length: perYear }, (_, n) => {
    const { info } = aMovie();
    const genre = genres[n % genres.length] ?? '';
    return aMovie({
      year,
      title: `Movie ${n % 40} part ${n}`,
      info: { ...info, rating: (n % 100) / 10, genres: [genre] },
    });
  }),
);

/** One value for each filter; those that no index knows find nothing, which costs the most. */
const values: Required<MovieFilter> = {
  year: 2013,
  title: 'Movie 0 part 0',
  titlePrefix: 'Movie',
  genre: 'None',
  director: 'Nobody',
  actor: 'Nobody',
  minRating: 7,
  sort: 'rating',
};
const names = Object.keys(values) as (keyof MovieFilter)[];
const combinations = Array.from({ length: 2 ** names.length }, (_, bits) =>
  names.filter((_name, bit) => (bits >> bit) % 2 === 1),
);
const filterOf = (chosen: readonly (keyof MovieFilter)[]): MovieFilter =>
  Object.fromEntries(chosen.map((name) => [name, values[name]]));

/** What the table or an index serves by keys alone (docs/service.md); a title implies its prefix. */
const indexed = new Set(
  [
    [],
    ['year'],
    ['title'],
    ['year', 'title'],
    ['title', 'titlePrefix'],
    ['year', 'title', 'titlePrefix'],
    ['year', 'titlePrefix'],
    ['year', 'minRating'],
    ['year', 'sort'],
    ['year', 'minRating', 'sort'],
  ].map(String),
);
const isIndexed = (chosen: readonly string[]) => indexed.has(String(chosen));

test('each of the 256 combinations of filters is read by keys alone, or bounded as one that is not', () => {
  const byKeysAlone = combinations.filter((chosen) => accessPathOf(filterOf(chosen))?.filter === undefined);

  expect(byKeysAlone.filter((chosen) => !isIndexed(chosen))).toEqual([]);
  expect(byKeysAlone).toHaveLength(indexed.size);
});

/** DynamoDB's own limits of an item and of one read; half a unit per 4 kB. */
const [maxItemKb, maxReadKb] = [400, 1_024];
const unitsOf = (kilobytes: number) => Math.ceil(kilobytes / 4) / 2;

test('whatever the sizes of items and page, a request that finds nothing uses 256 units and 1,000 items at most', async () => {
  const requests = fc.record({
    sizesKb: fc.array(fc.integer({ min: 1, max: maxItemKb }), { minLength: 1, maxLength: 50 }),
    limit: fc.integer({ min: 1, max: 100 }),
  });

  await fc.assert(
    fc.asyncProperty(requests, async ({ sizesKb, limit }) => {
      let [units, items] = [0, 0];
      /** A table without end, read as DynamoDB does: so many items, or 1 MB of them. */
      const readItems: ReadItems = (_path, wanted) => {
        let [read, kilobytes] = [0, 0];
        for (;;) {
          const next = sizesKb[(items + read) % sizesKb.length] ?? 0;
          if (read >= wanted || kilobytes + next > maxReadKb) break;
          [read, kilobytes] = [read + 1, kilobytes + next];
        }
        items += read;
        units += unitsOf(kilobytes);
        const lastKey = { year: { N: '2013' }, title: { S: 'The last one' } };
        return Promise.resolve({ items: [], read, units: unitsOf(kilobytes), lastKey });
      };

      await listMovies(readItems, { director: 'Nobody' }, limit, undefined);

      expect(units).toBeLessThanOrEqual(256);
      expect(items).toBeLessThanOrEqual(1_000);
    }),
  );
});

describeWith([dynamoDbLocal], 'what a page of 20 movies costs in read units', () => {
  const context = useRepository(startDynamoDbLocal);

  const costOf = async (action: () => Promise<unknown>) => {
    const { calls } = context;
    calls.length = 0;
    await action();
    return calls.reduce((sum, { consumedCapacity }) => sum + consumedCapacity, 0);
  };
  const costsOf = async (filters: readonly MovieFilter[]) => {
    const units: number[] = [];
    for (const filter of filters) units.push(await costOf(() => context.repository.list(filter, 20)));
    return units;
  };

  test('1.5 at most for every filter that has an index, bounded for every other one; one movie is 1', async () => {
    const { client, tableName } = context;
    await loadMovies(recordsOf(catalogue), createTableWriter({ client, tableName }), {
      check: createMovieCheck(),
    });
    const indexed = combinations.filter(isIndexed);
    // Genre, director and actor are dropped in the same way: one of them stands for all.
    const others = combinations.filter(
      (chosen) => !isIndexed(chosen) && !chosen.includes('genre') && !chosen.includes('director'),
    );

    const [cheap, bounded] = [await costsOf(indexed.map(filterOf)), await costsOf(others.map(filterOf))];

    expect([cheap.length, bounded.length]).toEqual([10, 54]);
    expect(Math.max(...cheap)).toBeLessThanOrEqual(1.5);
    expect(Math.min(...cheap)).toBeGreaterThan(0);
    expect(Math.max(...bounded)).toBeLessThanOrEqual(128);
    expect(await costOf(() => context.repository.find({ year: 2013, title: 'Movie 0 part 0' }))).toBe(1);
    const fresh = createDynamoRepository({ client, tableName });
    expect(await costOf(() => fresh.ready())).toBe(0.5);
  });
});
