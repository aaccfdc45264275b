import type { RequestHandler } from 'express';
import { HttpProblem } from './problem.ts';
import { InvalidToken, type Caller, type VerifyToken } from './token-verifier.ts';

const bearer = /^Bearer +([\w.~+/-]+=*)$/i;

/** Nobody can prove who they are: every caller is refused, and told why. */
export const refuseEveryone: VerifyToken = () =>
  Promise.reject(
    new InvalidToken('No token issuer is configured here (OIDC_ISSUER), so no access token can be accepted.'),
  );

/** Finds out who sends an `Authorization` header. Rejects with the 401 for who can't prove it. */
export function createIdentification(verify: VerifyToken): (header: string | undefined) => Promise<Caller> {
  return async (header) => {
    const token = bearer.exec(header ?? '')?.[1];
    if (token === undefined && verify !== refuseEveryone) {
      throw unauthorized(
        header === undefined ? undefined : 'The Authorization header holds no bearer token.',
      );
    }
    return verify(token ?? '').catch((error: unknown) => {
      throw error instanceof InvalidToken ? unauthorized(error.message) : error;
    });
  };
}

/** Whoever gets past it has a `caller`. */
export function authenticate(verify: VerifyToken): RequestHandler {
  const identify = createIdentification(verify);
  return async (request, response, next) => {
    response.locals.caller = await identify(request.get('authorization'));
    next();
  };
}

/** For local play: whoever calls may do everything. */
export function letEveryoneIn(scopes: readonly string[]): RequestHandler {
  const anyone: Caller = { scopes: new Set(scopes), validUntilMs: Infinity };
  return (_request, response, next) => {
    response.locals.caller = anyone;
    next();
  };
}

/** RFC 6750, section 3: no error code for a request that carries no token at all. */
function unauthorized(why: string | undefined): HttpProblem {
  const error = why === undefined ? '' : `, error="invalid_token", error_description="${why}"`;
  return new HttpProblem(401, why ?? 'This takes an access token: Authorization: Bearer …', {
    headers: { 'WWW-Authenticate': `Bearer realm="movies"${error}` },
  });
}
