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
