import type { RequestHandler } from 'express';
import { HttpProblem } from './problem.ts';
import type { Caller } from './token-verifier.ts';

export type Scope = 'movies/read' | 'movies/write';

/** Throws a 403 unless the caller has this scope. */
export function requireScope(caller: Caller | undefined, scope: Scope): void {
  if (caller?.scopes.has(scope) === true) return;
  throw new HttpProblem(403, `The access token lacks the scope ${scope}.`, {
    headers: {
      'WWW-Authenticate': `Bearer realm="movies", error="insufficient_scope", scope="${scope}"`,
    },
  });
}

/** Lets callers with this scope pass. */
export function authorize(scope: Scope): RequestHandler {
  return (_request, response, next) => {
    requireScope(response.locals.caller, scope);
    next();
  };
}
