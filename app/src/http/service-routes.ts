import type { RequestHandler } from 'express';
import type { Config } from '../config.ts';

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
