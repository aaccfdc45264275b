import { describe, expect, test } from '@jest/globals';
import { NotFound, PreconditionFailed } from '../../../app/src/movies/errors.ts';
import type { Movie } from '../../../app/src/movies/movie.ts';
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
          context.repository.update(aMovie(), 'any', (movie) => ({
            ...movie,
            info: { ...movie.info, [`field${n}`]: n },
          })),
        ),
      );

      const fields = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`field${n}`, n]));
      expect((await context.repository.find(aMovie())).movie.info).toEqual({ genres: [], ...fields });
    });

    test('it honours an expected revision', async () => {
      const { revision } = await context.repository.create(aMovie());
      const rename = (movie: Movie): Movie => ({ ...movie, info: { ...movie.info, plot: 'New' } });

      await context.repository.update(aMovie(), revision, rename);

      await expect(context.repository.update(aMovie(), revision, rename)).rejects.toThrow(PreconditionFailed);
    });

    test('the key of a movie stays, whatever the change does', async () => {
      await context.repository.create(aMovie());

      const updated = await context.repository.update(aMovie(), 'any', () =>
        aMovie({ title: 'Other', info: { rank: 9 } }),
      );

      expect(updated.movie).toEqual(aMovie({ info: { rank: 9 } }));
      await expect(context.repository.find({ year: 2013, title: 'Other' })).rejects.toThrow(NotFound);
    });

    test('a missing movie is not found', async () => {
      await expect(context.repository.update(aMovie(), 'any', (movie) => movie)).rejects.toThrow(NotFound);
    });

    test('what the change throws is what the caller gets, and nothing is written', async () => {
      const stored = await context.repository.create(aMovie());
      const failure = new Error('No such change');

      const updating = context.repository.update(aMovie(), 'any', () => {
        throw failure;
      });

      await expect(updating).rejects.toBe(failure);
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
