import { Unavailable } from '../movies/errors.ts';

/** What an OpenID provider says about itself, as far as it matters here. */
export interface IssuerEndpoints {
  readonly jwksUri: URL;
  readonly authorizationEndpoint?: string;
  readonly tokenEndpoint?: string;
}

/** The issuer answers, but what it says can't be used: only who runs it, or this service, can mend that. */
export class IssuerMisconfigured extends Unavailable {}

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
  const document = await readDocument(address).catch((error: unknown) => {
    throw error instanceof IssuerMisconfigured
      ? error
      : new Unavailable('The token issuer does not answer. Try again in a moment.', { cause: error });
  });
  return readEndpoints(issuer, document);
}

async function readDocument(address: string): Promise<unknown> {
  const response = await fetch(address, { signal: AbortSignal.timeout(timeoutMs), redirect: 'error' });
  if (response.ok) return readJson(response);
  const said = `${address} answers ${response.status}`;
  if (response.status >= 500 || response.status === 429) throw new Error(said);
  throw new IssuerMisconfigured(`There is no token issuer at OIDC_ISSUER: ${said}.`);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** As `response.json()`, but bytes that are no UTF-8 are refused rather than mended. */
export async function readJson(response: Response): Promise<unknown> {
  const bytes = await response.arrayBuffer();
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (cause) {
    throw new IssuerMisconfigured(`${response.url} answers something other than JSON in UTF-8.`, { cause });
  }
}

/** The issuer's name is compared exactly (OpenID Connect Discovery 1.0, section 4.3). */
function readEndpoints(issuer: string, document: unknown): IssuerEndpoints {
  const claimed = textOf(document, 'issuer');
  if (claimed !== issuer) {
    throw new IssuerMisconfigured(
      `The token issuer calls itself ${String(claimed)}, but OIDC_ISSUER is ${issuer}. Set it to what the issuer calls itself.`,
    );
  }
  const jwksUri = textOf(document, 'jwks_uri');
  if (jwksUri === undefined || !URL.canParse(jwksUri)) {
    throw new IssuerMisconfigured('The token issuer does not say where its keys are (jwks_uri).');
  }
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
