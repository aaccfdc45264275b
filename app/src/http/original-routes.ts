import { handle } from './operation.ts';
import { sendJson } from './send-json.ts';
import type { ApiResponse } from './stages.ts';
import { toJsonText } from '../movies/json-text.ts';
import type { MovieRepository } from '../movies/movie-repository.ts';
import type { Movie } from '../movies/movie.ts';

/**
 * The first version's `/movies/`: key and content in the query, and an answer wrapped as for AWS Lambda. What was broken
 * is mended: a missing movie is 404, an existing one is not overwritten, a rating is a number.
 */
export function createOriginalRoutes(repository: MovieRepository) {
  return {
    find: handle('getMovieWrapped', async ({ query: { year, title } }, response) => {
      const { movie } = await repository.find({ year, title });
      answerWrapped(response, movie);
    }),

    create: handle('createMovieWrapped', async ({ query: { year, title, ...info } }, response) => {
      const { movie } = await repository.create({ year, title, info });
      answerWrapped(response, movie);
    }),
  };
}

function answerWrapped(response: ApiResponse, movie: Movie): void {
  const headers = { 'Content-Type': 'application/json' };
  response.setHeader('Cache-Control', 'no-store');
  sendJson(response, toJsonText({ statusCode: 200, headers, body: JSON.stringify(movie) }));
}
