import { createServer, type RequestListener, type Server } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { SignJWT, exportJWK, generateKeyPair, type CryptoKey } from 'jose';
import { closeServer, listenOnLoopback } from '../../../app/src/local/listen.ts';
import { startService, type Service } from '../../../app/src/service.ts';
import { readConfig } from '../../../app/src/config.ts';
import { createLogger } from '../../../app/src/telemetry/logger.ts';
import { createDiscovery, IssuerMisconfigured } from '../../../app/src/http/issuer.ts';
import { createSigningKeys } from '../../../app/src/http/signing-keys.ts';
import { createTokenVerifier, InvalidToken } from '../../../app/src/http/tokens.ts';
import { Unavailable } from '../../../app/src/movies/errors.ts';
import { type Api, startApi } from '../../support/api.ts';
import { createClient } from '../../support/client.ts';

let api: Api;
let pair: { privateKey: CryptoKey; publicKey: CryptoKey };
beforeAll(async () => {
  api = await startApi();
  pair = await generateKeyPair('RS256', { extractable: true });
});
afterAll(() => api.stop());

/** Of 1,024 bits, which is half of what is trusted. */
const weakKey = await crypto.subtle
  .generateKey(
    { name: 'RSASSA-PKCS1-v1_5', modulusLength: 1024, publicExponent: Buffer.of(1, 0, 1), hash: 'SHA-256' },
    true,
    ['sign', 'verify'],
  )
  .then(async ({ publicKey }) => ({ ...(await exportJWK(publicKey)), alg: 'RS256' }));

/** An issuer's key set that behaves as it is told, and a service of its own that trusts it. */
let keySet: Server;
let answer: RequestListener;
let fetches: number;
let keysUrl: string;
let service: Service;
beforeEach(async () => {
  fetches = 0;
  keySet = createServer((request, response) => {
    fetches += 1;
    answer(request, response);
  });
  ({ url: keysUrl } = await listenOnLoopback(keySet, 0));
  const config = readConfig({
    TABLE_NAME: api.table.name,
    HOST: '127.0.0.1',
    PORT: '0',
    METRICS_PORT: '0',
    DYNAMODB_ENDPOINT: api.database.endpoint,
    // Patient, since the machine may be busy with other tests.
    DYNAMODB_TIMEOUT_MS: '9000',
    OIDC_ISSUER: 'https://issuer.example',
    OIDC_AUDIENCE: 'movies-api',
    OIDC_JWKS_URI: `${keysUrl}/jwks`,
    DRAIN_DELAY_MS: '0',
  });
  service = await startService(
    config,
    createLogger({ level: 'silent', service: 'movies-api', version: '0' }),
  );
});
afterEach(async () => {
  await service.stop();
  await closeServer(keySet);
});

const json =
  (body: unknown, status = 200): RequestListener =>
  (_request, response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const publicKey = async (kid: string, changes: object = {}) => ({
  ...(await exportJWK(pair.publicKey)),
  kid,
  alg: 'RS256',
  use: 'sig',
  ...changes,
});
const tokenOf = (kid: string, alg = 'RS256', key: CryptoKey | Uint8Array = pair.privateKey) =>
  new SignJWT({ scope: 'movies/read' })
    .setProtectedHeader({ alg, kid })
    .setIssuer('https://issuer.example')
    .setAudience('movies-api')
    .setExpirationTime('1h')
    .sign(key);
const statusFor = async (token: string): Promise<number> => {
  const headers = { authorization: `Bearer ${token}` };
  return (await createClient(service.port)('GET', '/movies', { headers })).status;
};
const many = <T>(attempt: (at: number) => Promise<T>) =>
  Promise.all(Array.from({ length: 50 }, (_, at) => attempt(at)));

describe('an issuer in trouble (API2, API4)', () => {
  test('its keys are fetched once for 50 callers at the same time', async () => {
    answer = json({ keys: [await publicKey('known')] });
    const token = await tokenOf('known');

    const got = await many(() => statusFor(token));

    expect({ got: new Set(got), fetches }).toEqual({ got: new Set([200]), fetches: 1 });
  });

  test('50 made-up kids cause no fetch beyond the first', async () => {
    answer = json({ keys: [await publicKey('known')] });
    await statusFor(await tokenOf('known'));

    const got = await many(async (at) => statusFor(await tokenOf(`made-up-${at}`)));

    expect({ got: new Set(got), fetches }).toEqual({ got: new Set([401]), fetches: 1 });
  });

  test('that is gone does not lock out those whose key is known, and lets in nobody else', async () => {
    answer = json({ keys: [await publicKey('known')] });
    const token = await tokenOf('known');
    await statusFor(token);
    await closeServer(keySet);

    const got = [await statusFor(token), await statusFor(await tokenOf('new')), await statusFor(token)];
    keySet.listen(0, '127.0.0.1');

    expect(got).toEqual([200, 401, 200]);
  });

  test('that never answered gets nobody in, and is asked once a second by however many', async () => {
    answer = json({}, 500);
    const token = await tokenOf('known');

    const startedAt = performance.now();
    const got = await many(() => statusFor(token));
    const seconds = Math.ceil((performance.now() - startedAt) / 1_000);

    expect(new Set(got)).toEqual(new Set([503]));
    expect(fetches).toBeGreaterThan(0);
    expect(fetches).toBeLessThanOrEqual(seconds);
  });
});

describe('an issuer that never comes to an end (API4)', () => {
  test.each<[string, RequestListener]>([
    ['takes the question and says nothing', () => undefined],
    ['begins to answer', (_request, response) => response.writeHead(200).write('{"keys":[')],
  ])('that %s keeps no caller waiting, and the service goes on', async (_what, behave) => {
    answer = behave;

    const got = await statusFor(await tokenOf('known'));
    keySet.closeAllConnections();

    expect(got).toBe(503);
    expect((await createClient(service.port)('GET', '/healthz')).status).toBe(200);
  });
});

describe('an issuer that says the wrong thing (API10)', () => {
  test.each<[string, () => Promise<RequestListener> | RequestListener, number]>([
    ['no JSON', () => (_request, response) => response.end('<html>'), 503],
    ['JSON that is no key set', () => json({ keys: 'none' }), 503],
    ['a redirect', () => (_request, response) => response.writeHead(302, { location: '/other' }).end(), 503],
    ['no keys', () => json({ keys: [] }), 401],
    ['a key for another use', async () => json({ keys: [await publicKey('known', { use: 'enc' })] }), 401],
    [
      'a key for another algorithm',
      async () => json({ keys: [await publicKey('known', { alg: 'PS256' })] }),
      401,
    ],
    [
      'a key for other operations',
      async () => json({ keys: [await publicKey('known', { key_ops: ['encrypt'] })] }),
      401,
    ],
  ])('with %s lets nobody in', async (_what, behave, status) => {
    answer = await behave();

    const got = await statusFor(await tokenOf('known'));

    expect({ got, fetches }).toEqual({ got: status, fetches: 1 });
  });

  test('with a shared secret among its keys does not make HS256 acceptable', async () => {
    const secret = Buffer.from('a secret that everybody can read here');
    answer = json({ keys: [{ kty: 'oct', k: secret.toString('base64url'), kid: 'known', alg: 'HS256' }] });

    const got = await statusFor(await tokenOf('known', 'HS256', secret));

    expect(got).toBe(401);
  });

  test.each<[string, () => Promise<object> | object]>([
    ['a key of 1,024 bits', () => weakKey],
    ['a key that is none', () => ({ kty: 'RSA', n: '!!', e: 'AQAB', alg: 'RS256' })],
    ['a key of a kind that nobody knows', () => ({ kty: 'XYZ', x: 'AAAA', alg: 'RS256' })],
    ['a key that is no object', () => 'key' as unknown as object],
    ['a private key', async () => ({ ...(await exportJWK(pair.privateKey)), alg: 'RS256' })],
    ['a curve that is off', () => ({ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', alg: 'ES256' })],
  ])('with %s beside a good one, that one gets in and the other one is 401', async (_what, bad) => {
    const spoilt = await bad();
    answer = json({
      keys: [typeof spoilt === 'object' ? { ...spoilt, kid: 'bad' } : spoilt, await publicKey('known')],
    });
    const [, claims, mark] = (await tokenOf('known')).split('.');
    const header = (alg: string) => Buffer.from(JSON.stringify({ alg, kid: 'bad' })).toString('base64url');

    const got = [
      await statusFor(await tokenOf('known')),
      await statusFor(await tokenOf('bad')),
      await statusFor(`${header('RS256')}.e30.AAAA`),
      await statusFor(`${header('ES256')}.${String(claims)}.${String(mark)}`),
    ];

    expect(got).toEqual([200, 401, 401, 401]);
  });

  test('with a good key twice under one name, a token of it is refused rather than a fault of ours', async () => {
    answer = json({ keys: [await publicKey('known'), await publicKey('known')] });

    expect(await statusFor(await tokenOf('known'))).toBe(401);
  });
});

describe('an issuer that is away (API2)', () => {
  const minute = 60_000;
  const day = 24 * 60 * minute;
  const away: [string, RequestListener][] = [
    ['answers 503', json({}, 503)],
    ['resets the connection', (request) => request.socket.resetAndDestroy()],
    ['says nothing', () => undefined],
  ];

  test.each(away)(
    'and %s: known keys go on for a day, unknown ones are 503, and nothing is forgotten for it',
    async (_what, behave) => {
      let nowMs = 0;
      let renewals = 0;
      const verify = createTokenVerifier({
        issuer: 'https://issuer.example',
        audiences: ['movies-api'],
        keys: createSigningKeys({
          jwksUri: () => Promise.resolve(new URL(`${keysUrl}/jwks`)),
          cooldownMs: 30_000,
          renewed: () => (renewals += 1),
          now: () => nowMs,
        }),
      });
      const [known, unknown] = [await tokenOf('known'), await tokenOf('unknown')];
      const outcome = (token: string) =>
        verify(token).then(
          () => 'in',
          (error: unknown) => (error instanceof Error ? error.constructor : error),
        );
      answer = json({ keys: [await publicKey('known')] });
      const first = await outcome(known);

      answer = behave;
      const got: unknown[] = [];
      for (const atMs of [11 * minute, day - 1, day + 2_000]) {
        nowMs = atMs;
        got.push(await outcome(known));
        nowMs += 1_001;
        got.push(await outcome(unknown));
      }
      const renewedWhileAway = renewals;
      answer = json({ keys: [await publicKey('another')] });
      nowMs += 1_001;

      expect({ first, got }).toEqual({
        first: 'in',
        got: ['in', Unavailable, 'in', Unavailable, Unavailable, Unavailable],
      });
      expect(renewedWhileAway).toBe(1);
      expect(await outcome(known)).toBe(InvalidToken);
      expect(renewals).toBe(2);
    },
  );

  test('is waited for a moment only by those whose key is known', async () => {
    let nowMs = 0;
    const keys = createSigningKeys({
      jwksUri: () => Promise.resolve(new URL(`${keysUrl}/jwks`)),
      cooldownMs: 30_000,
      now: () => nowMs,
    });
    const header = { alg: 'RS256', kid: 'known' };
    const token = { payload: '', signature: '' };
    answer = json({ keys: [await publicKey('known')] });
    await keys(header, token);

    answer = () => undefined;
    nowMs = 11 * minute;
    const startedAt = performance.now();
    await keys(header, token);

    // When the issuer is given up, after two seconds.
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});

describe('an issuer that is set wrongly (API8)', () => {
  test.each<[string, (url: string) => RequestListener, RegExp]>([
    [
      'calls itself something else',
      (url) => json({ issuer: `${url}/`, jwks_uri: url }),
      /calls itself .*\/, but OIDC_ISSUER is .*\. Set it to what the issuer calls itself/,
    ],
    [
      'writes bytes that are no UTF-8',
      () => (_request, response) => response.end(Buffer.from('{"issuer":"\xff"}', 'latin1')),
      /answers something other than JSON in UTF-8/,
    ],
    ['names no keys', (url) => json({ issuer: url }), /does not say where its keys are/],
    ['is not there', () => json({}, 404), /There is no token issuer at OIDC_ISSUER: .* answers 404/],
  ])('and %s is told apart from one that is away', async (_what, behave, says) => {
    answer = behave(keysUrl);
    const discover = createDiscovery(keysUrl);

    await expect(discover()).rejects.toThrow(IssuerMisconfigured);
    await expect(discover()).rejects.toThrow(says);
  });
});

describe('keys that change (API2)', () => {
  test('a new key gets in after the cooldown at once, and one that was withdrawn does not', async () => {
    const rotating = await startApi({ JWKS_COOLDOWN_MS: '0' });
    const old = await rotating.issuer.token('movies/read');
    const read = async (token: string) =>
      (await rotating.stranger('GET', '/movies', { headers: { authorization: `Bearer ${token}` } })).status;
    const before = await read(old);

    await rotating.issuer.rotateKeys();
    const got = [before, await read(await rotating.issuer.token('movies/read')), await read(old)];
    await rotating.stop();

    expect(got).toEqual([200, 200, 401]);
  });
});
