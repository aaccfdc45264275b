import { errors, type JWTPayload, jwtVerify, type JWTVerifyGetKey } from 'jose';
import { LRUCache } from 'lru-cache';
import { Unavailable } from '../movies/errors.ts';

export interface Caller {
  readonly scopes: ReadonlySet<string>;
  /** Milliseconds since 1970. */
  readonly validUntilMs: number;
}

/** The token proves nothing; `message` says why, in words for the caller. */
export class InvalidToken extends Error {
  override readonly name = 'InvalidToken';
}

/** Rejects with `InvalidToken`, or with `Unavailable` when the issuer's keys can't be had. */
export type VerifyToken = (token: string) => Promise<Caller>;

export interface TokenRules {
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly keys: JWTVerifyGetKey;
}

/** Asymmetric ones only: a public key must never pass as a shared secret (RFC 8725, section 3.1). */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const clockToleranceSeconds = 5;

/** Verifies OAuth 2 access tokens: signature, algorithm, issuer, lifetime, and that they are meant for this API. */
export function createTokenVerifier({ issuer, audiences, keys }: TokenRules): VerifyToken {
  return async (token) => {
    const options = {
      issuer,
      algorithms,
      clockTolerance: clockToleranceSeconds,
      requiredClaims: ['exp'],
    };
    const { payload } = await jwtVerify(token, keys, options).catch((error: unknown) => {
      // Whatever its verification throws is about the token, a fault of a library among it: only an issuer that is away
      // is none of the caller's doing.
      throw error instanceof Unavailable ? error : new InvalidToken(reasonOf(error), { cause: error });
    });
    if (!isAccessToken(payload)) throw new InvalidToken('This is an ID token; it takes an access token.');
    if (!isFor(payload, audiences)) throw new InvalidToken('The access token is for another audience.');
    return {
      scopes: scopesOf(payload),
      validUntilMs: ((payload.exp ?? 0) + clockToleranceSeconds) * 1_000,
    };
  };
}

/** Cognito says what a token is for; other issuers don't have this claim. */
const isAccessToken = ({ token_use: use }: JWTPayload) => use === undefined || use === 'access';

/**
 * By `aud`; an access token of Cognito has none but a `client_id`.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
 */
function isFor(
  { aud, token_use: use, client_id: clientId }: JWTPayload,
  audiences: readonly string[],
): boolean {
  const named = aud ?? (use === 'access' && typeof clientId === 'string' ? clientId : []);
  return [named].flat().some((audience) => audiences.includes(audience));
}

/** `scope` as text (RFC 9068, section 2.2.3), and as issuers such as Okta and Entra ID write it: `scp`, or a list. */
function scopesOf({ scope, scp }: JWTPayload): ReadonlySet<string> {
  const given: readonly unknown[] = [scope ?? scp].flat();
  return new Set(given.flatMap((text) => (typeof text === 'string' ? text.split(' ') : [])));
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'The access token has expired.';
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'iss') return 'The access token is from another issuer.';
    if (error.claim === 'nbf') return 'The access token is not valid yet.';
    return `The access token lacks a valid ${error.claim}.`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed)
    return 'The access token is signed by an algorithm that is not allowed.';
  if (error instanceof errors.JWKSNoMatchingKey)
    return 'The access token is signed by a key that is not among the usable ones of its issuer.';
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return 'The access token does not name the key that it is signed by (kid), and its issuer has several.';
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return 'The signature of the access token is wrong.';
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid)
    return 'The access token is not a signed JWT.';
  return 'The access token can not be verified.';
}

export interface RememberedTokensSettings {
  /** How long a token is taken for good without another look; never beyond its own end. 0 remembers none. */
  readonly ttlMs: number;
  /** Milliseconds since 1970: it decides whether a token has expired. */
  readonly now?: () => number;
}

export interface RememberedTokens {
  readonly verify: VerifyToken;
  /** The caller of a token that was verified a moment ago. Undefined says nothing about a token. */
  recall(token: string): Caller | undefined;
  /** For when the issuer's keys have changed: all tokens have to prove themselves again. */
  forget(): void;
}

/** Some thousand tokens of a usual length. */
const maxCharacters = 4_000_000;

/**
 * Verifies each token once in a while instead of once per request. Only good ones are remembered, whole: who presents
 * one has it. They are never logged, and leave the memory with this process.
 */
export function rememberTokens(
  verify: VerifyToken,
  { ttlMs, now = Date.now }: RememberedTokensSettings,
): RememberedTokens {
  const known = new LRUCache<string, { readonly caller: Caller; readonly until: number }>({
    maxSize: maxCharacters,
    sizeCalculation: (_caller, token) => token.length,
  });
  let generation = 0;
  const recall = (token: string): Caller | undefined => {
    const found = known.get(token);
    return found !== undefined && now() < found.until ? found.caller : undefined;
  };
  return {
    recall,
    forget() {
      generation += 1;
      known.clear();
    },
    async verify(token) {
      const remembered = recall(token);
      if (remembered !== undefined) return remembered;
      const [startedAt, startedIn] = [now(), generation];
      const caller = await verify(token);
      const until = Math.min(startedAt + ttlMs, caller.validUntilMs);
      if (until > startedAt && startedIn === generation) known.set(token, { caller, until });
      return caller;
    },
  };
}
