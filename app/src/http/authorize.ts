import type { RequestHandler } from 'express';
import { HttpProblem } from './problem.ts';

export type Scope = 'movies/read' | 'movies/write';

/** Lets callers with this scope pass. */
export function authorize(scope: Scope): RequestHandler {
  return (_request, response, next) => {
    if (!response.locals.caller?.scopes.has(scope)) {
      throw new HttpProblem(403, `The access token lacks the scope ${scope}.`, {
        headers: {
          'WWW-Authenticate': `Bearer realm="movies", error="insufficient_scope", scope="${scope}"`,
        },
      });
    }
    next();
  };
}
