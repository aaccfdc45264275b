import { createPublicKey } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWK, type JWTVerifyGetKey } from 'jose';
import { readJson } from './issuer.ts';
import { Unavailable } from '../movies/errors.ts';

export interface SigningKeysSettings {
  readonly jwksUri: () => Promise<URL>;
  /** Unknown keys cause at most one fetch in this time. */
  readonly cooldownMs: number;
  /** Called after keys were fetched anew: one that was withdrawn is unknown from now on. */
  readonly renewed?: () => void;
  /** Milliseconds on a clock that only goes forward. */
  readonly now?: () => number;
}

const timeoutMs = 2_000;
/** Keys of this age are fetched again before they are used … */
const freshForMs = 600_000;
/** … and while their issuer is away they are good for so long, counted from when it gave them. */
const usableForMs = 24 * 3_600_000;
/** After a failed fetch, nobody causes another one for this long. */
const retryAfterMs = 1_000;
/** How long a token whose key is known waits for an issuer that may be away. */
const patienceMs = 250;
/** Shorter RSA keys prove nothing (RFC 7518, section 3.3). */
const leastRsaBits = 2_048;

interface KeySet {
  readonly find: JWTVerifyGetKey;
  readonly fetchedAt: number;
}

/**
 * The issuer's public keys, fetched again after ten minutes, and for an unknown `kid` within limits. An issuer that is away
 * signs nobody out whose key is known; after a day without a word from it, nobody gets in. Rejects with jose's errors for a
 * key that the issuer doesn't have, with `Unavailable` when it can't be asked.
 */
export function createSigningKeys({
  jwksUri,
  cooldownMs,
  renewed = () => undefined,
  now = () => performance.now(),
}: SigningKeysSettings): JWTVerifyGetKey {
  let known: KeySet | undefined;
  let fetching: Promise<KeySet> | undefined;
  let failure: { readonly error: Unavailable; readonly at: number } | undefined;

  const fetchKeys = async (): Promise<KeySet> => {
    try {
      const find = createLocalJWKSet(usable(await readKeySet(await jwksUri())));
      known = { find, fetchedAt: now() };
      failure = undefined;
      renewed();
      return known;
    } catch (error) {
      const unavailable =
        error instanceof Unavailable
          ? error
          : new Unavailable('The token issuer does not give its keys. Try again in a moment.', {
              cause: error,
            });
      failure = { error: unavailable, at: now() };
      throw unavailable;
    }
  };

  /** One fetch at a time, whoever needs it. */
  const refresh = (): Promise<KeySet> => {
    if (failure !== undefined && now() - failure.at < retryAfterMs) return Promise.reject(failure.error);
    fetching ??= fetchKeys().finally(() => {
      fetching = undefined;
    });
    return fetching;
  };

  const ageOf = ({ fetchedAt }: KeySet) => now() - fetchedAt;

  const current = async (): Promise<KeySet> => {
    if (known === undefined || ageOf(known) >= usableForMs) return refresh();
    return ageOf(known) < freshForMs ? known : sooner(refresh(), known);
  };

  return async (header, token) => {
    const keys = await current();
    try {
      return await keys.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      // Of keys that are known to be all of them, a missing one is the token's fault.
      if (failure === undefined && ageOf(keys) < cooldownMs) throw error;
      return (await refresh()).find(header, token);
    }
  };
}

/** What is fetched, if it comes soon; else what is known. */
async function sooner(fetched: Promise<KeySet>, known: KeySet): Promise<KeySet> {
  const done = new AbortController();
  try {
    return await Promise.race([
      fetched.catch(() => known),
      delay(patienceMs, known, { signal: done.signal }).catch(() => known),
    ]);
  } finally {
    done.abort();
  }
}

async function readKeySet(address: URL): Promise<JSONWebKeySet> {
  const response = await fetch(address, { signal: AbortSignal.timeout(timeoutMs), redirect: 'error' });
  if (!response.ok) throw new Error(`${address.href} answers ${response.status}`);
  return (await readJson(response)) as JSONWebKeySet;
}

/** A key that can't be used must not spoil those beside it (RFC 7517, section 5). */
const usable = ({ keys }: JSONWebKeySet): JSONWebKeySet => ({ keys: keys.filter(isUsable) });

function isUsable(key: JWK): boolean {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey({ key: { ...key }, format: 'jwk' });
    return asymmetricKeyType !== 'rsa' || (asymmetricKeyDetails?.modulusLength ?? 0) >= leastRsaBits;
  } catch {
    return false;
  }
}
