import { LRUCache } from 'lru-cache';
import type { Caller, VerifyToken } from './token-verifier.ts';

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
