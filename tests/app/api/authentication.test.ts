import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { JWTPayload } from 'jose';
import {
  type Caller,
  InvalidToken,
  type RememberedTokens,
  rememberTokens,
} from '../../../app/src/http/tokens.ts';
import { startTokenIssuer } from '../../../app/src/local/token-issuer.ts';
import { type Api, startApi } from '../../support/api.ts';
import type { Answer } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi({ JWKS_COOLDOWN_MS: '0' });
});
afterAll(() => api.stop());

const inAnHour = () => Math.floor(Date.now() / 1000) + 3600;
const valid = () => ({ iss: api.issuer.issuer, aud: 'movies-api', exp: inAnHour(), scope: 'movies/read' });
const ask = (token: string): Promise<Answer> =>
  api.stranger('GET', '/movies', { headers: { authorization: `Bearer ${token}` } });

function refused(why: string): object {
  return {
    status: 401,
    json: { status: 401, title: 'Unauthorized', detail: why },
    headers: {
      'www-authenticate': `Bearer realm="movies", error="invalid_token", error_description="${why}"`,
    },
  };
}

describe('an access token', () => {
  test('of the issuer, for this audience and with the scope, gets in', async () => {
    const answer = await ask(await api.issuer.sign(valid()));

    expect(answer).toMatchObject({ status: 200, json: { movies: [] } });
  });

  test.each<[string, JWTPayload]>([
    ['scp, as Entra ID writes it', { scp: 'openid movies/read' }],
    ['scp as a list, as Okta writes it', { scp: ['openid', 'movies/read'] }],
    ['scope as a list', { scope: ['openid', 'movies/read'] }],
  ])('with its scopes in %s gets in', async (_what, scopes) => {
    const { iss, aud, exp } = valid();

    expect((await ask(await api.issuer.sign({ iss, aud, exp, ...scopes }))).status).toBe(200);
  });

  test('that is not one gets 401 that says so, in the body, in the header and in the log', async () => {
    const why = 'The access token is not a signed JWT.';

    expect(await ask('nonsense')).toMatchObject(refused(why));

    await eventually(() => {
      expect(api.log).toContainEqual(expect.objectContaining({ status: 401, refusal: why }));
      return Promise.resolve();
    });
  });

  test('of Cognito gets in: it has a client id and a use instead of an audience', async () => {
    const { iss, exp, scope } = valid();

    const answer = await ask(
      await api.issuer.sign({ iss, exp, scope, token_use: 'access', client_id: 'a-cognito-client' }),
    );

    expect(answer.status).toBe(200);
  });

  test('that only reads gets 403 when it writes', async () => {
    const answer = await api.reader('DELETE', '/movies/2013/Rush');

    expect(answer).toMatchObject({
      status: 403,
      json: { detail: 'The access token lacks the scope movies/write.' },
      headers: {
        'www-authenticate': 'Bearer realm="movies", error="insufficient_scope", scope="movies/write"',
      },
    });
  });
});

describe('a stranger', () => {
  test.each([
    ['GET', '/movies?limit=nonsense'],
    ['POST', '/movies'],
    ['PUT', '/movies/2013/Rush'],
    ['PATCH', '/movies/1/Rush'],
    ['DELETE', '/movies/2013/Rush'],
    ['GET', '/movies/'],
    ['GET', '/movies/nothing/is/here'],
    ['PATCH', '/movies'],
  ])('gets 401 for %s %s, and learns no schema', async (method, path) => {
    const answer = await api.stranger(method, path, { body: '{"malformed' });

    expect(answer).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer realm="movies"' } });
    expect(answer.json).not.toHaveProperty('errors');
  });
});

describe('without an issuer', () => {
  let closed: Api;
  afterEach(() => closed.stop());

  test('the service runs, and every movies route refuses and says why', async () => {
    closed = await startApi({ OIDC_ISSUER: '', OIDC_AUDIENCE: '' });

    const answers = await Promise.all([
      closed.stranger('GET', '/movies'),
      closed.writer('GET', '/movies'),
      closed.writer('DELETE', '/movies/2013/Rush'),
      closed.writer('GET', '/movies/'),
    ]);
    const live = await closed.stranger('GET', '/healthz');

    const why = 'No token issuer is configured here (OIDC_ISSUER), so no access token can be accepted.';
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401]);
    expect(answers[1]).toMatchObject({ json: { detail: why } });
    expect(answers[0]).toMatchObject({ json: { detail: why } });
    expect(live.status).toBe(200);
  });

  test('and with ALLOW_ANONYMOUS anybody gets in, which the log shouts', async () => {
    closed = await startApi({ OIDC_ISSUER: '', OIDC_AUDIENCE: '', ALLOW_ANONYMOUS: 'true' });

    const answer = await closed.stranger('GET', '/movies');

    expect(answer.status).toBe(200);
    expect(closed.log).toContainEqual(
      expect.objectContaining({ level: 'warn', msg: expect.stringContaining('ALLOW_ANONYMOUS IS SET') }),
    );
  });
});

describe('an issuer that', () => {
  test.each<[string, (issuer: string) => string, number, string]>([
    ['calls itself something else makes nobody ready', (issuer) => `${issuer}/`, 503, 'calls itself'],
    [
      'has no such document makes nobody ready',
      (issuer) => `${issuer}/tenant`,
      503,
      'There is no token issuer',
    ],
    ['is away leaves the service ready, for keys that it knows', () => 'http://127.0.0.1:9', 200, 'ok'],
  ])('%s', async (_what, spell, status, words) => {
    const other = await startTokenIssuer();
    const misled = await startApi({ OIDC_ISSUER: spell(other.issuer) });

    const answer = await misled.stranger('GET', '/readyz');
    const live = await misled.stranger('GET', '/healthz');
    await Promise.all([misled.stop(), other.stop()]);

    expect(answer.status).toBe(status);
    expect(answer.text).toContain(words);
    expect(live.status).toBe(200);
  });
});

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
