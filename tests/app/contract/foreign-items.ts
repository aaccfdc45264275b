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

    const foreign = {
      ...key,
      owner: { S: 'another service' },
      rating: { N: '7.5' },
      revision: { S: 'AAAAAAAAAAAAAAAAAAAAAA' },
    };
    const info = {
      rating: { N: '7.5' },
      tmdb_id: { N: '9007199254740993' },
      gross: { N: '12345678901234567890.123456789' },
      seen: { SS: ['a', 'b'] },
      marks: { NS: ['9007199254740993'] },
      poster: { B: Uint8Array.of(255, 0) },
      cast: { M: { star: { S: 'Zoe' }, salary: { N: '0.1000000000000000055' } } },
    };
    test('an edit keeps what it does not name as it is stored, to the digit and with its kind', async () => {
      await context.putForeign({ ...foreign, info: { M: info } });

      await context.repository.update(movieKey, 'any', { rating: 8, cast: { star: null, double: 'Ann' } });

      expect(await context.readItem(key)).toMatchObject({
        ...foreign,
        rating: { N: '8' },
        revision: { S: expect.not.stringMatching(/^A+$/) },
        info: {
          M: {
            ...info,
            rating: { N: '8' },
            cast: { M: { double: { S: 'Ann' }, salary: info.cast.M.salary } },
          },
        },
      });
    });

    test('an edit leaves a rating that is no number alone, and takes away the key of one that goes', async () => {
      await context.putForeign({ ...foreign, info: { M: { rating: { S: 'great' } } } });

      const { movie } = await context.repository.update(movieKey, 'any', { plot: 'P' });
      const item = await context.readItem(key);

      expect(movie.info).toEqual({ plot: 'P' });
      expect(item['info']).toEqual({ M: { rating: { S: 'great' }, plot: { S: 'P' } } });
      expect(item).not.toHaveProperty('rating');
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
        [{ rank: 1 }, { plot: 'P' }].map((patch) => context.repository.update(movieKey, 'any', patch)),
      );

      const movie = { ...movieKey, info: { rating: 7.1, rank: 1, plot: 'P' } };
      expect(await context.repository.list({ year: 1999, sort: 'rating' }, 10)).toEqual({ movies: [movie] });
    });
  });
}
