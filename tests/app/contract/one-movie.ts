import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Conflict, InvalidMovie, NotFound, Unavailable } from '../../../app/src/movies/errors.ts';
import { createDynamoRepository } from '../../../app/src/dynamo/repository.ts';
import { movies as anyMovie } from '../../support/arbitraries.ts';
import { aMovie } from '../../support/movies.ts';
import type { RepositoryContext } from './repository-context.ts';

/** Creating, finding and being there at all. */
export function oneMovie(context: RepositoryContext): void {
  describe('one movie', () => {
    test('a created movie reads as it was written, with the same revision', async () => {
      const movie = aMovie({ title: 'a/b "c" %2F ünïcode 映画 ..' });

      const created = await context.repository.create(movie);

      expect(await context.repository.find(movie)).toEqual({ movie, revision: created.revision });
    });

    test('whatever JSON it carries comes back exactly', async () => {
      await fc.assert(
        fc.asyncProperty(anyMovie, async (movie) => {
          await context.repository.create(movie).catch(() => context.repository.replace(movie, 'any'));

          expect((await context.repository.find(movie)).movie).toEqual(movie);
        }),
        { numRuns: 40 },
      );
    });

    test('movies that are asked for at once come in one call, each to who asked for it', async () => {
      const movies = Array.from({ length: 20 }, (_, n) =>
        aMovie({ year: 1990 + (n % 3), title: `Nº ${n} "é"` }),
      );
      await context.createAll(movies);
      context.calls.length = 0;

      const missing = context.repository
        .find({ year: 2013, title: 'Nothing' })
        .catch((error: unknown) => error);
      const found = await Promise.all([...movies, ...movies].map((movie) => context.repository.find(movie)));

      expect(found.map(({ movie }) => movie)).toEqual([...movies, ...movies]);
      expect(await missing).toBeInstanceOf(NotFound);
      expect(context.calls.map(({ operation, table }) => ({ operation, table }))).toEqual([
        { operation: 'BatchGetItem', table: context.tableName },
      ]);
      // Each movie once, however many ask for it. For the missing one AWS takes a unit, too, and not every engine.
      expect([20, 21]).toContain(context.calls[0]?.consumedCapacity);
    });

    test('a missing movie is not found', async () => {
      await expect(context.repository.find({ year: 2013, title: 'Nothing' })).rejects.toThrow(NotFound);
    });

    test('a title that no table could hold is invalid to create and not found otherwise', async () => {
      const movie = aMovie({ title: 'é'.repeat(513) });

      await expect(context.repository.find(movie)).rejects.toThrow(NotFound);
      await expect(context.repository.replace(movie, 'any')).rejects.toThrow(NotFound);
      await expect(context.repository.create(movie)).rejects.toThrow(InvalidMovie);
      await expect(context.repository.update(movie, 'any', {})).rejects.toThrow(NotFound);
      await expect(context.repository.remove(movie, 'any')).rejects.toThrow(NotFound);
    });

    test('creating it again is a conflict and changes nothing', async () => {
      const { movie, revision } = await context.repository.create(aMovie());

      const again = context.repository.create(aMovie({ info: { plot: 'Another' } }));

      await expect(again).rejects.toThrow(new Conflict('The movie "Rush" (2013) exists already.'));
      expect(await context.repository.find(movie)).toEqual({ movie, revision });
    });

    test('of ten creators of one movie at once one wins', async () => {
      const attempts = await Promise.allSettled(
        Array.from({ length: 10 }, (_, n) =>
          context.repository.create(aMovie({ info: { plot: `By ${n}` } })),
        ),
      );

      expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });

    test('a movie of over 400 kB is invalid', async () => {
      const large = aMovie({ info: { plot: 'x'.repeat(410_000) } });

      await expect(context.repository.create(large)).rejects.toThrow(InvalidMovie);
    });
  });

  describe('ready', () => {
    test('a hundred who ask at once cost one read, and so do the next ones', async () => {
      context.calls.length = 0;

      await Promise.all(Array.from({ length: 100 }, () => context.repository.ready()));
      await context.repository.ready();

      expect(context.calls.map(({ operation, outcome }) => ({ operation, outcome }))).toEqual([
        { operation: 'GetItem', outcome: 'ok' },
      ]);
    });

    test('without its table it is not ready', async () => {
      const elsewhere = createDynamoRepository({ client: context.client, tableName: 'missing' });

      await expect(elsewhere.ready()).rejects.toThrow(Unavailable);
    });
  });

  test('every call is observed with its table, cost and outcome', async () => {
    await context.repository.create(aMovie());
    await context.repository.create(aMovie()).catch(() => undefined);
    await context.repository.list({ year: 2013 }, 10);

    const seen = context.calls.filter(({ operation }) => operation === 'PutItem' || operation === 'Query');
    expect(seen).toEqual([
      expect.objectContaining({ operation: 'PutItem', table: context.tableName, outcome: 'ok', retries: 0 }),
      expect.objectContaining({
        operation: 'PutItem',
        table: context.tableName,
        outcome: 'condition-failed',
        retries: 0,
      }),
      expect.objectContaining({
        operation: 'Query',
        table: context.tableName,
        outcome: 'ok',
        consumedCapacity: 0.5,
      }),
    ]);
    expect(seen.every(({ durationMs }) => durationMs > 0)).toBe(true);
  });
}
