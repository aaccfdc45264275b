import type { RequestHandler } from 'express';
import type { Config } from '../config.ts';
import { toJsonText } from '../movies/exact-json.ts';
import type { Movie, MovieRepository } from '../movies/movie.ts';
import { sendJson } from './send-json.ts';
import { type ApiResponse, handle } from './stages.ts';

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

/** The first version's welcome, with links. */
export const answerWelcome: RequestHandler = (_request, response) => {
  response.json({
    apiVersion: 'v1.0',
    status: '200',
    message: 'Welcome to the Movies Database API',
    links: {
      movies: '/movies',
      documentation: '/api/docs/',
      contract: '/openapi.json',
      version: '/version',
      liveness: '/healthz',
      readiness: '/readyz',
    },
  });
};

/** As the first version did it. */
export const answerEcho: RequestHandler = (request, response) => {
  response.type('text/plain').send(`ECHO: ${request.method}`);
};

export function answerVersion(build: Config['build']): RequestHandler {
  return (_request, response) => {
    response.set('Cache-Control', 'no-store').json(build);
  };
}
