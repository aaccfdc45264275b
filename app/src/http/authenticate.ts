import { HttpProblem } from './problem.ts';
import type { ApiRequest, ApiResponse, Stage } from './stages.ts';
import { type Caller, InvalidToken, type RememberedTokens, type VerifyToken } from './tokens.ts';

const bearer = /^Bearer +([\w.~+/-]+=*)$/i;

/** Nobody can prove who they are: every caller is refused, and told why. */
export const refuseEveryone: VerifyToken = () =>
  Promise.reject(
    new InvalidToken('No token issuer is configured here (OIDC_ISSUER), so no access token can be accepted.'),
  );

/** Whoever gets past it has a `caller`, unless anybody may call. Rejects with the 401 for who can't prove who they are. */
export function authenticate({ recall, verify }: Pick<RememberedTokens, 'recall' | 'verify'>): Stage {
  const identify = async (header: string | undefined, token: string | undefined): Promise<Caller> => {
    if (token === undefined && verify !== refuseEveryone) {
      throw unauthorized(
        header === undefined ? undefined : 'The Authorization header holds no bearer token.',
      );
    }
    return verify(token ?? '').catch((error: unknown) => {
      throw error instanceof InvalidToken ? unauthorized(error.message) : error;
    });
  };
  return (request, response, next) => {
    if (isForAnybody(request, response)) {
      next();
      return undefined;
    }
    const { authorization } = request.headers;
    const token = bearer.exec(authorization ?? '')?.[1];
    const remembered = token === undefined ? undefined : recall(token);
    const proceed = (caller: Caller) => {
      response.locals.caller = caller;
      next();
    };
    if (remembered === undefined) return identify(authorization, token).then(proceed);
    proceed(remembered);
    return undefined;
  };
}

/** Whether there are movies below an address is not told to strangers either. */
const isForAnybody = ({ url = '' }: ApiRequest, { locals: { found } }: ApiResponse): boolean => {
  if (found === undefined) return !url.startsWith('/movies/');
  return found.operation === undefined ? found.isPublic : found.operation.scopes === undefined;
};

/** For local play: whoever calls may do everything. */
export function letEveryoneIn(scopes: readonly string[]): Stage {
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
