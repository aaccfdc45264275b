import { Unavailable } from '../movies/errors.ts';

/** What an OpenID provider says about itself, as far as it matters here. */
export interface IssuerEndpoints {
  readonly jwksUri: URL;
  readonly authorizationEndpoint?: string;
  readonly tokenEndpoint?: string;
}

export type DiscoverIssuer = () => Promise<IssuerEndpoints>;

const timeoutMs = 2_000;
/** An issuer that doesn't answer is not asked again by every request. */
const retryAfterMs = 1_000;

/**
 * Reads the issuer's discovery document once, when it is first needed (OpenID Connect Discovery 1.0, section 4).
 * Rejects with `Unavailable` when it can't be had, and tries again no sooner than a second later.
 */
export function createDiscovery(issuer: string, now: () => number = () => performance.now()): DiscoverIssuer {
  let found: Promise<IssuerEndpoints> | undefined;
  let askAgainAt = Infinity;
  return () => {
    if (found === undefined || now() >= askAgainAt) {
      askAgainAt = Infinity;
      found = discover(issuer);
      found.catch(() => {
        askAgainAt = now() + retryAfterMs;
      });
    }
    return found;
  };
}

async function discover(issuer: string): Promise<IssuerEndpoints> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  try {
    const response = await fetch(address, { signal: AbortSignal.timeout(timeoutMs), redirect: 'error' });
    if (!response.ok) throw new Error(`${address} answers ${response.status}`);
    return readEndpoints(issuer, await response.json());
  } catch (error) {
    throw new Unavailable('The token issuer does not answer.', { cause: error });
  }
}

function readEndpoints(issuer: string, document: unknown): IssuerEndpoints {
  const claimed = textOf(document, 'issuer');
  if (claimed !== issuer) throw new Error(`the issuer calls itself ${String(claimed)}, not ${issuer}`);
  const jwksUri = textOf(document, 'jwks_uri');
  if (jwksUri === undefined) throw new Error('the issuer names no jwks_uri');
  const authorizationEndpoint = textOf(document, 'authorization_endpoint');
  const tokenEndpoint = textOf(document, 'token_endpoint');
  return {
    jwksUri: new URL(jwksUri),
    ...(authorizationEndpoint === undefined ? {} : { authorizationEndpoint }),
    ...(tokenEndpoint === undefined ? {} : { tokenEndpoint }),
  };
}

function textOf(document: unknown, name: string): string | undefined {
  const value: unknown =
    typeof document === 'object' && document !== null ? Reflect.get(document, name) : undefined;
  return typeof value === 'string' ? value : undefined;
}
