import { describe, expect, test } from '@jest/globals';
import { InvalidMovie, NotFound, PreconditionFailed } from '../../../app/src/movies/errors.ts';
import type { Movie, MovieInfoPatch } from '../../../app/src/movies/movie.ts';
import { aMovie } from '../../support/movies.ts';
import type { RepositoryContext } from './repository-context.ts';

/** Every change of a movie that is there: none is lost, none overwrites what its caller has not seen. */
export function edits(context: RepositoryContext): void {
  describe('replace', () => {
    test('with the stored revision it replaces all of the movie', async () => {
      const { revision } = await context.repository.create(aMovie());
      const movie = aMovie({ info: { plot: 'Short' } });

      const replaced = await context.repository.replace(movie, revision);

      expect(replaced.revision).not.toBe(revision);
      expect(await context.repository.find(movie)).toEqual({ movie, revision: replaced.revision });
    });

    test('with another revision it fails and changes nothing', async () => {
      const stored = await context.repository.create(aMovie());

      const replacing = context.repository.replace(aMovie({ info: {} }), 'stale');

      await expect(replacing).rejects.toThrow(PreconditionFailed);
      expect(await context.repository.find(stored.movie)).toEqual(stored);
    });

    test('of ten editors of one revision one wins', async () => {
      const { revision } = await context.repository.create(aMovie());

      const attempts = await Promise.allSettled(
        Array.from({ length: 10 }, (_, n) =>
          context.repository.replace(aMovie({ info: { rank: n } }), revision),
        ),
      );

      const refused = attempts.flatMap((attempt) =>
        attempt.status === 'rejected' ? [attempt.reason as unknown] : [],
      );
      expect(refused).toHaveLength(9);
      expect(refused.every((reason) => reason instanceof PreconditionFailed)).toBe(true);
    });

    test('whatever the expectation, a missing movie is not found and not created', async () => {
      await expect(context.repository.replace(aMovie(), 'any')).rejects.toThrow(NotFound);
      await expect(context.repository.replace(aMovie(), 'some')).rejects.toThrow(NotFound);

      await expect(context.repository.find(aMovie())).rejects.toThrow(NotFound);
    });
  });

  describe('update', () => {
    test('twenty editors of different fields at once all get through', async () => {
      await context.repository.create(aMovie({ info: { genres: [] } }));

      await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          context.repository.update(aMovie(), 'any', { [`field${n}`]: n }),
        ),
      );

      const fields = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`field${n}`, n]));
      expect((await context.repository.find(aMovie())).movie.info).toEqual({ genres: [], ...fields });
    });

    test('it honours an expected revision', async () => {
      const { revision } = await context.repository.create(aMovie());

      await context.repository.update(aMovie(), revision, { plot: 'New' });

      await expect(context.repository.update(aMovie(), revision, { plot: 'Newer' })).rejects.toThrow(
        PreconditionFailed,
      );
    });

    // RFC 7396, appendix A, as attributes of a movie.
    test.each<[Movie['info'], MovieInfoPatch, object]>([
      [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
      [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
      [{ a: 'b' }, { a: null }, {}],
      [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
      [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
      [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
      [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
      [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
      [{ e: null }, { a: 1 }, { e: null, a: 1 }],
      [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
      [{ rating: 7 }, { rating: null }, {}],
    ])('%j patched with %j is %j', async (info, patch, patched) => {
      await context.repository.create(aMovie({ info }));

      const { movie } = await context.repository.update(aMovie(), 'any', patch);

      expect(movie.info).toEqual(patched);
      expect((await context.repository.find(aMovie())).movie).toEqual(movie);
    });

    test('a missing movie is not found, and what can not be stored changes nothing', async () => {
      await expect(context.repository.update(aMovie(), 'any', {})).rejects.toThrow(NotFound);
      const stored = await context.repository.create(aMovie());

      await expect(context.repository.update(aMovie(), 'any', { a: { '': 1 } })).rejects.toThrow(
        InvalidMovie,
      );

      expect(await context.repository.find(aMovie())).toEqual(stored);
    });
  });

  describe('remove', () => {
    test.each(['any', 'the stored revision'])('with %s expected, the movie is gone', async (expected) => {
      const { revision } = await context.repository.create(aMovie());

      await context.repository.remove(aMovie(), expected === 'any' ? 'any' : revision);

      await expect(context.repository.find(aMovie())).rejects.toThrow(NotFound);
    });

    test('with another revision it fails and the movie stays', async () => {
      const stored = await context.repository.create(aMovie());

      await expect(context.repository.remove(aMovie(), 'stale')).rejects.toThrow(PreconditionFailed);

      expect(await context.repository.find(aMovie())).toEqual(stored);
    });

    test('a missing movie is not found', async () => {
      await expect(context.repository.remove(aMovie(), 'any')).rejects.toThrow(NotFound);
    });
  });
}

const key = { year: { N: '1999' }, title: { S: 'Foreign' } };
const movieKey = { year: 1999, title: 'Foreign' };

/** Items that the original API, its loader or anybody else put into the table. */
export function foreignItems(context: RepositoryContext): void {
  describe('items of other writers', () => {
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
