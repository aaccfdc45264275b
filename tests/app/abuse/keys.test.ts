import { createServer, type RequestListener, type Server } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { SignJWT, exportJWK, generateKeyPair, type CryptoKey } from 'jose';
import { closeServer, listenOnLoopback } from '../../../app/src/local/listen.ts';
import { startService, type Service } from '../../../app/src/service.ts';
import { readConfig } from '../../../app/src/config.ts';
import { createLogger } from '../../../app/src/telemetry/logger.ts';
import { startApi, type Api } from '../../support/api.ts';
import { createClient } from '../../support/client.ts';

let api: Api;
let pair: { privateKey: CryptoKey; publicKey: CryptoKey };
beforeAll(async () => {
  api = await startApi();
  pair = await generateKeyPair('RS256', { extractable: true });
});
afterAll(() => api.stop());

/** An issuer's key set that behaves as it is told, and a service of its own that trusts it. */
let keySet: Server;
let answer: RequestListener;
let fetches: number;
let service: Service;
beforeEach(async () => {
  fetches = 0;
  keySet = createServer((request, response) => {
    fetches += 1;
    answer(request, response);
  });
  const { url } = await listenOnLoopback(keySet, 0);
  const config = readConfig({
    TABLE_NAME: api.table.name,
    HOST: '127.0.0.1',
    PORT: '0',
    METRICS_PORT: '0',
    DYNAMODB_ENDPOINT: api.database.endpoint,
    OIDC_ISSUER: 'https://issuer.example',
    OIDC_AUDIENCE: 'movies-api',
    OIDC_JWKS_URI: `${url}/jwks`,
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
    const startedAt = performance.now();

    const got = await statusFor(await tokenOf('known'));
    const seconds = (performance.now() - startedAt) / 1_000;
    keySet.closeAllConnections();

    expect(got).toBe(503);
    expect(seconds).toBeLessThan(10);
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

  test('with a key of 1,024 bits lets nobody in, which is our failure', async () => {
    const weak = await crypto.subtle.generateKey(
      { name: 'RSASSA-PKCS1-v1_5', modulusLength: 1024, publicExponent: Buffer.of(1, 0, 1), hash: 'SHA-256' },
      true,
      ['sign', 'verify'],
    );
    answer = json({ keys: [{ ...(await exportJWK(weak.publicKey)), kid: 'known', alg: 'RS256' }] });
    const [header, claims] = (await tokenOf('known')).split('.');
    const unsigned = `${String(header)}.${String(claims)}`;
    const mark = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', weak.privateKey, Buffer.from(unsigned));

    const got = await statusFor(`${unsigned}.${Buffer.from(mark).toString('base64url')}`);

    expect(got).toBe(500);
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
