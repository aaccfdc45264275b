import { HttpProblem } from './problem.ts';
import type { Stage } from './stages.ts';

/** Throws a 403 unless the caller has each scope that the contract asks for. */
export const authorize: Stage = (_request, { locals: { found, caller } }, next) => {
  for (const scope of found?.operation?.scopes ?? []) {
    if (caller?.scopes.has(scope) === true) continue;
    throw new HttpProblem(403, `The access token lacks the scope ${scope}.`, {
      headers: {
        'WWW-Authenticate': `Bearer realm="movies", error="insufficient_scope", scope="${scope}"`,
      },
    });
  }
  next();
};
