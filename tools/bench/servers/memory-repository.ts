import { Unavailable, NotFound } from '../../../app/src/movies/errors.ts';
import type { MovieRepository } from '../../../app/src/movies/movie-repository.ts';
import type { StoredMovie } from '../../../app/src/movies/movie.ts';
import { revisionOf } from '../../../app/src/movies/revision.ts';
import { benchMovies, keyText } from './movies.ts';

/**
 * Stands where `dynamo-repository.ts` stands in the service, in a bundle that is for measuring reads only: what is left
 * is what the service itself costs. Everything else of that bundle is the production bundle's.
 */
export function createDynamoRepository(): MovieRepository {
  const movies = new Map(
    benchMovies().map((movie): [string, StoredMovie] => [
      keyText(movie.year, movie.title),
      { movie, revision: revisionOf(movie) },
    ]),
  );
  const readOnly = () => Promise.reject(new Unavailable('This repository is for measuring reads.'));
  return {
    find: ({ year, title }) => {
      const stored = movies.get(keyText(year, title));
      return stored === undefined ? Promise.reject(new NotFound('No such movie.')) : Promise.resolve(stored);
    },
    list: ({ year }, limit) =>
      Promise.resolve({
        movies: [...movies.values()]
          .map(({ movie }) => movie)
          .filter((movie) => year === undefined || movie.year === year)
          .slice(0, limit),
      }),
    create: readOnly,
    replace: readOnly,
    update: readOnly,
    remove: readOnly,
    ready: () => Promise.resolve(),
  };
}
