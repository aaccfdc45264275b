import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  mapVegaMovies,
  readVegaMovies,
  type Finding,
  type VegaImport,
  readReleaseDate,
  repairText,
} from '../../../app/src/local/vega-movies.ts';

const records = JSON.parse(
  await readFile(new URL('../../../node_modules/vega-datasets/data/movies.json', import.meta.url), 'utf8'),
) as Parameters<typeof mapVegaMovies>[0];

const count = (findings: readonly Finding[]) =>
  findings.reduce<Record<string, number>>(
    (counts, { what }) => ({ ...counts, [what]: (counts[what] ?? 0) + 1 }),
    {},
  );

const record = (changes: object) => ({ ...records[0], ...changes }) as (typeof records)[number];

describe('the movies of vega-datasets', () => {
  let imported: VegaImport;
  beforeAll(async () => {
    imported = await readVegaMovies();
  });

  const find = (title: string) => imported.movies.filter((movie) => movie.title === title);

  test('all but the one without a title become movies', () => {
    expect(records).toHaveLength(3201);
    expect(imported.movies).toHaveLength(3200);
    expect(imported.dropped.map(({ position, what }) => ({ position, what }))).toEqual([
      { position: 3054, what: 'the title is missing' },
    ]);
  });

  test('each repair is counted', () => {
    expect(count(imported.repaired)).toEqual({
      'the title was a number': 9,
      'the title was misdecoded': 18,
      'the year was a century ahead': 22,
    });
  });

  test('a record gets the exercise’s names, and what is unknown is absent', () => {
    expect(find('The Covenant')).toEqual([
      {
        year: 2006,
        title: 'The Covenant',
        info: {
          release_date: '2006-09-08T00:00:00Z',
          directors: ['Renny Harlin'],
          genres: ['Thriller', 'Suspense'],
          rating: 4.8,
          running_time_secs: 5700,
          mpaa_rating: 'PG-13',
          creative_type: 'Contemporary Fiction',
          source: 'Based on Comic/Graphic Novel',
          distributor: 'Sony/Screen Gems',
          imdb_votes: 17736,
          rotten_tomatoes_percent: 3,
          production_budget_usd: 20000000,
          us_gross_usd: 23364784,
          worldwide_gross_usd: 38164784,
          us_dvd_sales_usd: 26360430,
        },
      },
    ]);
    expect(find('Slam')[0]?.info).not.toHaveProperty('directors');
  });

  test('a numeric title is text', () => {
    expect(find('300').map(({ year }) => year)).toEqual([2007]);
    expect(find('1776').map(({ year }) => year)).toEqual([1972]);
  });

  test('one title in two years is two movies', () => {
    expect(find('Ben-Hur').map(({ year }) => year)).toEqual([1925, 1959]);
  });

  test('no year is outside the data set’s time', () => {
    const years = imported.movies.map(({ year }) => year);

    expect([Math.min(...years), Math.max(...years)]).toEqual([1915, 2011]);
  });

  test('a year and title that came before is dropped and said so', () => {
    const twice = mapVegaMovies([
      record({ Title: 'Twice' }),
      record({ Title: 'Twice' }),
      record({ Title: 'Once' }),
    ]);

    expect(twice.movies.map(({ title }) => title)).toEqual(['Twice', 'Once']);
    expect(twice.dropped.map(({ position, what }) => ({ position, what }))).toEqual([
      { position: 2, what: 'the same year and title came before' },
    ]);
  });

  test('a record without a readable release date is dropped and said so', () => {
    const dateless = mapVegaMovies([record({ 'Release Date': null }), record({ 'Release Date': 'TBD' })]);

    expect(dateless.movies).toEqual([]);
    expect(count(dateless.dropped)).toEqual({ 'the release date is missing or unreadable': 2 });
  });
});

describe('a release date', () => {
  test.each([
    ['Jun 12 1998', { year: 1998, iso: '1998-06-12T00:00:00Z', isRepaired: false }],
    ['Dec 23 2011', { year: 2011, iso: '2011-12-23T00:00:00Z', isRepaired: false }],
    ['Dec 31 2046', { year: 1946, iso: '1946-12-31T00:00:00Z', isRepaired: true }],
    ['Feb 29 2000', { year: 2000, iso: '2000-02-29T00:00:00Z', isRepaired: false }],
  ])('%s is read', (text, date) => {
    expect(readReleaseDate(text)).toEqual(date);
  });

  test.each(['Feb 30 2000', 'Foo 12 1998', '1998-06-12', '', null])('%p is refused', (text) => {
    expect(readReleaseDate(text)).toBeUndefined();
  });
});

describe('a misdecoded title', () => {
  test.each([
    ['AmÈlie', 'Amélie'],
    ['DÈj‡ Vu', 'Déjà Vu'],
    ['The Naked Gun 2Ω', 'The Naked Gun 2½'],
    ['I Love You Ö', 'I Love You …'],
    ['pi˘', 'più'],
  ])('%s reads %s', (text, meant) => {
    expect(repairText(text)).toBe(meant);
  });

  test.each(['Jaws', 'Alien³', 'Ri¢hie Ri¢h', '七人の侍'])('%s stays as it is', (text) => {
    expect(repairText(text)).toBe(text);
  });
});
