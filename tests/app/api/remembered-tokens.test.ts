import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  type Caller,
  InvalidToken,
  type RememberedTokens,
  rememberTokens,
} from '../../../app/src/http/tokens.ts';

const ttlMs = 60_000;
const startMs = 1_700_000_000_000;

let nowMs: number;
let verified: string[];
let validUntilMs: number;
let ends: (() => void)[];
let tokens: RememberedTokens;

beforeEach(() => {
  nowMs = startMs;
  verified = [];
  ends = [];
  validUntilMs = startMs + 3_600_000;
  tokens = rememberTokens(
    (token) => {
      verified.push(token);
      const caller: Caller = { scopes: new Set([`scope of ${token}`]), validUntilMs };
      return token === 'bad'
        ? Promise.reject(new InvalidToken('It is bad.'))
        : new Promise((resolve) =>
            ends.push(() => {
              resolve(caller);
            }),
          );
    },
    { ttlMs, now: () => nowMs },
  );
});

async function verify(token: string): Promise<Caller> {
  const verifying = tokens.verify(token);
  ends.at(-1)?.();
  return verifying;
}

describe('a token that was verified', () => {
  test('is recalled with its own rights and not verified again, until the time is over', async () => {
    await verify('a');
    await verify('b');
    nowMs += ttlMs - 1;

    const recalled = [tokens.recall('a'), await tokens.verify('b')];
    nowMs += 1;

    expect(recalled.map((caller) => [...(caller?.scopes ?? [])])).toEqual([['scope of a'], ['scope of b']]);
    expect(verified).toEqual(['a', 'b']);
    expect(tokens.recall('a')).toBeUndefined();
    await verify('a');
    expect(verified).toEqual(['a', 'b', 'a']);
  });

  test('is not recalled beyond its own end', async () => {
    validUntilMs = startMs + 500;
    await verify('a');
    nowMs += 499;
    const before = tokens.recall('a');
    nowMs += 1;

    expect(before).toBeDefined();
    expect(tokens.recall('a')).toBeUndefined();
  });

  test('has to prove itself again when the keys have changed, also when it was being verified meanwhile', async () => {
    await verify('a');
    const verifying = tokens.verify('b');
    tokens.forget();
    ends.at(-1)?.();
    await verifying;

    expect([tokens.recall('a'), tokens.recall('b')]).toEqual([undefined, undefined]);
  });
});

test('a token that is refused is verified each time', async () => {
  await expect(tokens.verify('bad')).rejects.toThrow('It is bad.');
  await expect(tokens.verify('bad')).rejects.toThrow('It is bad.');

  expect(verified).toEqual(['bad', 'bad']);
  expect(tokens.recall('bad')).toBeUndefined();
});

test('many tokens do not fill the memory: those that were used last stay', async () => {
  const token = (n: number) => String(n).padStart(10_000, '-');
  for (let n = 0; n < 500; n += 1) await verify(token(n));

  expect(tokens.recall(token(0))).toBeUndefined();
  expect(tokens.recall(token(499))).toBeDefined();
});

test('no token is remembered when the time is 0', async () => {
  const none = rememberTokens(() => Promise.resolve({ scopes: new Set(), validUntilMs }), { ttlMs: 0 });
  await none.verify('a');

  expect(none.recall('a')).toBeUndefined();
});
