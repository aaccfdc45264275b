import { expect, test } from '@jest/globals';
import { createBatchWriter } from '../../app/src/loader/batch-writer.ts';
import { createMovieCheck } from '../../app/src/loader/check-movie.ts';
import { loadMovies } from '../../app/src/loader/load-movies.ts';
import { createDynamoRepository } from '../../app/src/movies/dynamo-repository.ts';
import type { MovieFilter } from '../../app/src/movies/movie-repository.ts';
import { startDynamoDbLocal } from '../../tools/dynamodb-local/start.ts';
import { dynamoDbLocal } from '../support/dynamodb-local.ts';
import { aMovie } from '../support/movies.ts';
import { describeWith } from '../support/requirements.ts';
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

describeWith([dynamoDbLocal], 'what a page of 20 movies costs in read units', () => {
  const context = useRepository(startDynamoDbLocal);

  test('an index serves it for 1.5; without one a request stays within 128; one movie is 1', async () => {
    const { client, tableName, calls } = context;
    await loadMovies(catalogue, createBatchWriter({ client, tableName }), { check: createMovieCheck() });
    const costOf = async (action: () => Promise<unknown>) => {
      calls.length = 0;
      await action();
      return calls.reduce((sum, { consumedCapacity }) => sum + consumedCapacity, 0);
    };
    const { repository } = context;
    const costs = async (filters: readonly MovieFilter[]) => {
      const units: number[] = [];
      for (const filter of filters) units.push(await costOf(() => repository.list(filter, 20)));
      return units;
    };

    const indexed = await costs([
      {},
      { year: 2013 },
      { year: 2013, titlePrefix: 'Movie 1' },
      { year: 2013, minRating: 7 },
      { year: 2013, sort: 'rating' },
      { year: 2013, minRating: 7, sort: 'rating' },
      { title: 'Movie 0 part 0' },
      { title: 'Movie 0 part 0', year: 2013 },
    ]);
    expect(Math.max(...indexed)).toBeLessThanOrEqual(1.5);
    expect(Math.min(...indexed)).toBeGreaterThan(0);

    const rare = await costs([{ actor: 'Nobody' }, { year: 2013, director: 'Nobody' }, { minRating: 10 }]);
    expect(Math.max(...rare)).toBeLessThanOrEqual(128);

    expect(await costOf(() => repository.find({ year: 2013, title: 'Movie 0 part 0' }))).toBe(1);
    const fresh = createDynamoRepository({ client, tableName });
    expect(await costOf(() => fresh.ready())).toBe(0.5);
  });
});
