import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from 'jose';
import { Unavailable } from '../movies/errors.ts';

export interface SigningKeysSettings {
  readonly jwksUri: () => Promise<URL>;
  /** Unknown keys cause at most one fetch in this time. */
  readonly cooldownMs: number;
  /** Called when the keys were fetched anew: one that was withdrawn is unknown from now on. */
  readonly renewed?: () => void;
  readonly now?: () => number;
}

const timeoutMs = 2_000;
const maxAgeMs = 600_000;
/** After a failed fetch, nobody causes another one for this long. */
const retryAfterMs = 1_000;

/**
 * The issuer's public keys, cached for ten minutes and fetched again for an unknown `kid`, within limits. Rejects with
 * jose's `JWKSNoMatchingKey` for a key that the issuer doesn't have, with `Unavailable` when it can't be asked.
 */
export function createSigningKeys({
  jwksUri,
  cooldownMs,
  renewed = () => undefined,
  now = () => performance.now(),
}: SigningKeysSettings): JWTVerifyGetKey {
  let remote: ReturnType<typeof createRemoteJWKSet> | undefined;
  let isRenewed = false;
  let failure: { readonly error: Unavailable; readonly at: number } | undefined;

  return async (header, token) => {
    const isCached = remote?.fresh === true && remote.jwks()?.keys.some(({ kid }) => kid === header.kid);
    if (!isCached && failure !== undefined && now() - failure.at < retryAfterMs) throw failure.error;
    remote ??= createRemoteJWKSet(await jwksUri(), {
      timeoutDuration: timeoutMs,
      cooldownDuration: cooldownMs,
      cacheMaxAge: maxAgeMs,
      [customFetch]: (...request) => {
        isRenewed = true;
        return fetch(...request);
      },
    });
    try {
      return await remote(header, token);
    } catch (error) {
      if (isAboutTheToken(error)) throw error;
      failure = {
        error: new Unavailable('The token issuer does not give its keys.', { cause: error }),
        at: now(),
      };
      throw failure.error;
    } finally {
      if (isRenewed) renewed();
      isRenewed = false;
    }
  };
}

const isAboutTheToken = (error: unknown) =>
  error instanceof errors.JWKSNoMatchingKey ||
  error instanceof errors.JWKSMultipleMatchingKeys ||
  error instanceof errors.JOSENotSupported;
