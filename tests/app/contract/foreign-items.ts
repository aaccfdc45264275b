import { describe, expect, test } from '@jest/globals';
import { NotFound, PreconditionFailed } from '../../../app/src/movies/errors.ts';
import type { RepositoryContext } from './repository-context.ts';

const key = { year: { N: '1999' }, title: { S: 'Foreign' } };
const movieKey = { year: 1999, title: 'Foreign' };

/** Items that the original API, its loader or anybody else put into the table. */
export function foreignItems(context: RepositoryContext): void {
  describe('items of other writers', () => {
    test('one of the original API has its rating as text and is read with a number', async () => {
      await context.putForeign({ ...key, info: { M: { plot: { S: 'P' }, rating: { S: '8.30' } } } });

      expect((await context.repository.find(movieKey)).movie).toEqual({
        ...movieKey,
        info: { plot: 'P', rating: 8.3 },
      });
    });

    test('one with numbers beyond double precision, sets, binary and no info attribute is read', async () => {
      await context.putForeign({
        ...key,
        info: { M: { rank: { N: '12345678901234567890.123456789' }, genres: { SS: ['A'] } } },
      });
      await context.putForeign({ year: { N: '1999' }, title: { S: 'Bare' }, extra: { B: Buffer.of(1) } });

      expect((await context.repository.find(movieKey)).movie.info).toEqual({
        rank: Number('12345678901234567890'),
        genres: ['A'],
      });
      expect((await context.repository.find({ year: 1999, title: 'Bare' })).movie.info).toEqual({});
    });
  });
}

/** Edits of such items, where the engine can compare a map with a map. */
export function foreignEdits(context: RepositoryContext): void {
  describe('edits of items of other writers', () => {
    test.each([
      ['with info', { info: { M: { rank: { N: '1.00' } } } }],
      ['without info', {}],
    ])('one %s is replaced and removed by the revision of its content', async (_which, info) => {
      await context.putForeign({ ...key, ...info });
      const { revision } = await context.repository.find(movieKey);

      await expect(context.repository.replace({ ...movieKey, info: {} }, 'stale')).rejects.toThrow(
        PreconditionFailed,
      );
      const replaced = await context.repository.replace({ ...movieKey, info: { rank: 2 } }, revision);
      expect(await context.repository.find(movieKey)).toEqual(replaced);

      await context.putForeign({ ...key, ...info });
      await context.repository.remove(movieKey, revision);
      await expect(context.repository.find(movieKey)).rejects.toThrow(NotFound);
    });

    test('two editors of one at once both get through, and the rating becomes sortable', async () => {
      await context.putForeign({ ...key, info: { M: { rating: { S: '7.1' } } } });

      await Promise.all(
        [{ rank: 1 }, { plot: 'P' }].map((change) =>
          context.repository.update(movieKey, 'any', (movie) => ({
            ...movie,
            info: { ...movie.info, ...change },
          })),
        ),
      );

      const movie = { ...movieKey, info: { rating: 7.1, rank: 1, plot: 'P' } };
      expect(await context.repository.list({ year: 1999, sort: 'rating' }, 10)).toEqual({ movies: [movie] });
    });
  });
}
