import { describe, expect, test } from '@jest/globals';
import type { Movie, MovieFilter } from '../../../app/src/movies/movie.ts';
import { aMovie } from '../../support/movies.ts';
import type { RepositoryContext } from './repository-context.ts';

const titlesOf = (movies: readonly Movie[]) => movies.map(({ title }) => title);

/** Every filter and combination of filters, page by page, and what a page may read. */
export function lists(context: RepositoryContext): void {
  describe('list', () => {
    const catalogue: readonly Movie[] = [
      aMovie({
        year: 1999,
        title: 'Alpha',
        info: { rating: 7, genres: ['Drama'], directors: ['Ann'], actors: ['Zoe'] },
      }),
      aMovie({
        year: 1999,
        title: 'Alphabet',
        info: { rating: 9.1, genres: ['Drama', 'War'], directors: ['Bob'] },
      }),
      aMovie({ year: 1999, title: 'Beta', info: { rating: 8.3, genres: ['War'], directors: ['Ann'] } }),
      aMovie({ year: 1999, title: 'Unrated', info: { genres: ['Drama'], directors: ['Ann'] } }),
      aMovie({ year: 2000, title: 'Alpha', info: { rating: 5, genres: ['Drama'], actors: ['Zoe', 'Ann'] } }),
      aMovie({ year: 2001, title: 'Gamma', info: {} }),
    ];
    const names = (movies: readonly Movie[]) => movies.map(({ year, title }) => `${title} ${year}`);
    const all = ['Alpha 1999', 'Alphabet 1999', 'Beta 1999', 'Unrated 1999', 'Alpha 2000', 'Gamma 2001'];

    test.each<[MovieFilter, string[]]>([
      [{ year: 1999 }, ['Alpha 1999', 'Alphabet 1999', 'Beta 1999', 'Unrated 1999']],
      [{ year: 1999, sort: 'rating' }, ['Alphabet 1999', 'Beta 1999', 'Alpha 1999']],
      [{ year: 1999, minRating: 8.3 }, ['Beta 1999', 'Alphabet 1999']],
      [{ year: 1999, minRating: 8.3, sort: 'rating' }, ['Alphabet 1999', 'Beta 1999']],
      [{ year: 1999, titlePrefix: 'Alpha' }, ['Alpha 1999', 'Alphabet 1999']],
      [{ year: 1999, titlePrefix: 'Alpha', sort: 'rating' }, ['Alphabet 1999', 'Alpha 1999']],
      [{ year: 1999, titlePrefix: 'Alpha', minRating: 8 }, ['Alphabet 1999']],
      [{ year: 1999, title: 'Alpha' }, ['Alpha 1999']],
      [{ year: 1999, title: 'Alpha', minRating: 8 }, []],
      [{ year: 1999, title: 'Unrated', sort: 'rating' }, []],
      [
        { year: 1999, title: 'Alphabet', titlePrefix: 'Alpha', genre: 'War', sort: 'rating' },
        ['Alphabet 1999'],
      ],
      [{ year: 1999, title: 'Alpha', titlePrefix: 'Beta' }, []],
      [{ year: 1999, titlePrefix: 'x'.repeat(1025) }, []],
      [{ title: 'Alpha' }, ['Alpha 1999', 'Alpha 2000']],
      [{ title: 'Alpha', minRating: 6 }, ['Alpha 1999']],
      [{ title: 'Alpha', actor: 'Ann' }, ['Alpha 2000']],
      [{ title: 'é'.repeat(513) }, []],
      [{ year: 1999, genre: 'Drama' }, ['Alpha 1999', 'Alphabet 1999', 'Unrated 1999']],
      [{ year: 1999, genre: 'Drama', director: 'Ann', minRating: 1 }, ['Alpha 1999']],
      [{ year: 1999, sort: 'rating', director: 'Ann' }, ['Beta 1999', 'Alpha 1999']],
      [{ year: 1888 }, []],
    ])('%j gives %j, whatever the page size', async (filter, expected) => {
      await context.createAll(catalogue);

      expect(names(await context.listAll(filter, 100))).toEqual(expected);
      expect(names(await context.listAll(filter, 1))).toEqual(expected);
    });

    test.each<[MovieFilter, string[]]>([
      [{}, all],
      [{ genre: 'Drama' }, ['Alpha 1999', 'Alphabet 1999', 'Unrated 1999', 'Alpha 2000']],
      [{ director: 'Ann' }, ['Alpha 1999', 'Beta 1999', 'Unrated 1999']],
      [{ actor: 'Zoe' }, ['Alpha 1999', 'Alpha 2000']],
      [{ minRating: 8 }, ['Alphabet 1999', 'Beta 1999']],
      [{ titlePrefix: 'Alpha', genre: 'War' }, ['Alphabet 1999']],
    ])('%j has no order but gives all of %j', async (filter, expected) => {
      await context.createAll(catalogue);

      expect(names(await context.listAll(filter, 100)).toSorted()).toEqual(expected.toSorted());
      expect(names(await context.listAll(filter, 1)).toSorted()).toEqual(expected.toSorted());
    });

    test('pages of any size show each of 60 movies once, with a filter and without, equal ratings included', async () => {
      const rated = Array.from({ length: 60 }, (_, n) =>
        aMovie({
          title: `Movie ${String(n).padStart(2, '0')}`,
          info: { rating: n % 3, genres: [n % 2 ? 'Odd' : 'Even'] },
        }),
      );
      await context.createAll(rated);

      for (const limit of [7, 30, 60, 100]) {
        expect(titlesOf(await context.listAll({ year: 2013 }, limit))).toEqual(titlesOf(rated));
        expect(titlesOf(await context.listAll({ year: 2013, genre: 'Odd' }, limit))).toEqual(
          titlesOf(rated.filter((_, n) => n % 2 === 1)),
        );
        expect(titlesOf(await context.listAll({ year: 2013, sort: 'rating' }, limit)).toSorted()).toEqual(
          titlesOf(rated),
        );
      }
    });

    test('foreign ratings with more digits than a double has do not lose their place', async () => {
      const ratings = ['7.12345678901234567890123', '7.12345678901234567890124', '7.12345678901234567890125'];
      for (const [n, rating] of ratings.entries()) {
        await context.putForeign({
          ...{ year: { N: '1999' }, title: { S: `Precise ${n}` }, rating: { N: rating } },
          info: { M: { rating: { N: rating } } },
        });
      }

      expect(titlesOf(await context.listAll({ year: 1999, sort: 'rating' }, 1))).toEqual([
        'Precise 2',
        'Precise 1',
        'Precise 0',
      ]);
    });

    test('a page of nothing but misses is empty, goes on, and has read no more than 1,000 movies', async () => {
      const many = Array.from({ length: 1_100 }, (_, n) =>
        aMovie({ title: `Movie ${n}`, info: { genres: ['Common'] } }),
      );
      await context.createAll(many);
      await context.repository.create(aMovie({ title: 'zzz', info: { genres: ['Rare'] } }));
      context.calls.length = 0;

      const first = await context.repository.list({ year: 2013, genre: 'Rare' }, 25);
      const readsOfFirst = context.calls.length;
      const second = await context.repository.list({ year: 2013, genre: 'Rare' }, 25, first.next);

      expect(first).toEqual({ movies: [], next: { year: '2013', title: expect.stringContaining('Movie') } });
      expect(readsOfFirst).toBe(6);
      expect(titlesOf(second.movies)).toEqual(['zzz']);
    });

    test('large movies make pages shorter, not reads larger than 1 MB', async () => {
      await context.createAll(
        Array.from({ length: 12 }, (_, n) =>
          aMovie({ title: `Big ${n}`, info: { plot: 'x'.repeat(300_000) } }),
        ),
      );
      context.calls.length = 0;

      const { movies, next } = await context.repository.list({ year: 2013 }, 100);
      const cost = context.calls.reduce((sum, { consumedCapacity }) => sum + consumedCapacity, 0);

      expect(movies.length).toBeGreaterThan(0);
      expect(movies.length).toBeLessThan(12);
      expect(next).toBeDefined();
      expect(cost).toBeLessThanOrEqual(256);
      expect(await context.listAll({ year: 2013 }, 100)).toHaveLength(12);
    });

    test('a search term is data, never an expression', async () => {
      await context.createAll(catalogue);

      const hostile = '") OR attribute_exists(#title) OR contains(:v0, "';

      expect(await context.listAll({ year: 1999, genre: hostile }, 10)).toEqual([]);
      expect(await context.listAll({ title: hostile }, 10)).toEqual([]);
    });
  });
}
