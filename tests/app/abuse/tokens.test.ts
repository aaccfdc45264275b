import { createHmac, createPublicKey } from 'node:crypto';
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { JWTPayload } from 'jose';
import { closeServer, listenOnLoopback } from '../../../app/src/local/listen.ts';
import { type Api, startApi } from '../../support/api.ts';
import { assemble, createForgery, exchange, type Forgery, observe, raw, statuses } from './attacker.ts';

let api: Api;
let forgery: Forgery;
beforeAll(async () => {
  api = await startApi();
  forgery = await createForgery(api.issuer);
});
afterAll(() => api.stop());

const ask = (authorization: string, path = '/movies') =>
  observe(api, () => api.stranger('GET', path, { headers: { authorization } }));
const refused = (detail: string) => ({ status: 401, detail, databaseCalls: 0 });

const algorithm = 'The access token is signed by an algorithm that is not allowed.';
const key = 'The access token is signed by a key that is not among the usable ones of its issuer.';
const signature = 'The signature of the access token is wrong.';
const noToken = 'The access token is not a signed JWT.';
const unverifiable = 'The access token can not be verified.';
const noBearer = 'The Authorization header holds no bearer token.';
const audience = 'The access token is for another audience.';
const issuer = 'The access token is from another issuer.';
const expired = 'The access token has expired.';
const early = 'The access token is not valid yet.';
const noEnd = 'The access token lacks a valid exp.';
const idToken = 'This is an ID token; it takes an access token.';

const known = (alg: string) => ({ alg, kid: forgery.publicKey.kid });
const forged = (header: unknown, mark = '') => assemble(header, forgery.claims(), mark);
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;
const ofCognito = (changes: object): JWTPayload => ({ aud: undefined as never, ...changes });
const lacksScope = (scope: string) => ({
  status: 403,
  detail: `The access token lacks the scope ${scope}.`,
  databaseCalls: 0,
});

/** With a public key as if it were a shared secret. */
function confuse(header: object, secret: string | Buffer): string {
  const unsigned = forged(header).slice(0, -1);
  return `${unsigned}.${createHmac('sha256', secret).update(unsigned).digest('base64url')}`;
}
const pem = () =>
  createPublicKey({ key: { ...forgery.publicKey }, format: 'jwk' }).export({ type: 'spki', format: 'pem' });

type Forge = () => string | Promise<string>;

describe('forged tokens (API2)', () => {
  test('a genuine token gets in, so that the refusals below mean something', async () => {
    const answer = await ask(`Bearer ${await api.issuer.sign(forgery.claims())}`);

    expect(answer).toEqual({ status: 200, body: { movies: [] }, databaseCalls: 1 });
  });

  test.each<[string, Forge, string]>([
    ['alg none', () => forged({ alg: 'none' }), algorithm],
    ['alg None in capitals', () => forged({ alg: 'NONE', typ: 'JWT' }), algorithm],
    ['no alg', () => forged({ typ: 'JWT' }), noToken],
    ['an alg that is a list', () => forged({ alg: ['RS256'] }), noToken],
    ['an empty signature', () => forged(known('RS256')), signature],
    [
      'a JWK as the secret of HS256',
      () => confuse(known('HS256'), JSON.stringify(forgery.publicKey)),
      algorithm,
    ],
    ['a PEM as the secret of HS256', () => confuse(known('HS256'), pem()), algorithm],
    ['RS256 in the header over an HMAC', () => confuse(known('RS256'), pem()), signature],
    ['a signature of zeros for ES256', () => forged(known('ES256'), 'A'.repeat(86)), key],
    ['a scheme that the key is not for', () => forged(known('PS256'), 'A'.repeat(342)), key],
    ['an own key under the genuine kid', () => forgery.sign({ kid: forgery.publicKey.kid }), signature],
    ['an own key and no kid', () => forgery.sign({}), signature],
    ['an own key under its own kid', () => forgery.sign({ kid: 'mine' }), key],
    [
      'an own key embedded as jwk',
      () => forgery.sign({ kid: forgery.publicKey.kid, jwk: forgery.ownKey }),
      signature,
    ],
    ['a kid that is a path', () => forgery.sign({ kid: '../../../../../../dev/null' }), key],
    ['a kid with a null byte', () => forgery.sign({ kid: `${forgery.publicKey.kid}\0.pem` }), key],
    ['a kid that is SQL', () => forgery.sign({ kid: "x' UNION SELECT 'secret' -- " }), key],
    ['a kid that is a command', () => forgery.sign({ kid: '| cat /etc/passwd' }), key],
    ['a kid that is a prototype', () => forgery.sign({ kid: '__proto__' }), key],
    ['a kid that is an address', () => forgery.sign({ kid: 'https://attacker.example/jwks.json' }), key],
    [
      'a critical extension that nobody knows',
      () => forged({ alg: 'RS256', crit: ['exp2'], exp2: 1 }, 'AAAA'),
      unverifiable,
    ],
    ['an unencoded payload', () => forged({ alg: 'RS256', b64: false, crit: ['b64'] }, 'AAAA'), signature],
    [
      'the five parts of an encrypted token',
      () => `${assemble({ alg: 'dir', enc: 'A256GCM' }, '')}.AAAA.AAAA`,
      noToken,
    ],
    ['two parts', () => forged({ alg: 'RS256' }).slice(0, -1), noToken],
    ['a header that is no JSON', () => forged('{"alg":', 'AAAA'), noToken],
    ['a header that is a list', () => forged([], 'AAAA'), noToken],
    ['15 kB', () => assemble(known('RS256'), 'x'.repeat(11_000)), signature],
    ['dots alone', () => '..', noToken],
  ])('%s is refused', async (_what, forge, why) => {
    const answer = await ask(`Bearer ${await forge()}`);

    expect(answer).toEqual(refused(why));
  });

  test.each<[string, (parts: [string, string, string]) => string, string]>([
    [
      'claims raised',
      ([header, , mark]) =>
        [header, assemble('', forgery.claims({ scope: 'everything' })).split('.')[1], mark].join('.'),
      signature,
    ],
    [
      'a header that names another algorithm',
      ([, claims, mark]) => [assemble(known('RS512'), '').split('.')[0], claims, mark].join('.'),
      key,
    ],
    ['a signature cut short', (parts) => parts.join('.').slice(0, -4), signature],
    [
      'a signature with a bit turned',
      ([header, claims, mark]) => `${header}.${claims}.${mark.startsWith('A') ? 'B' : 'A'}${mark.slice(1)}`,
      signature,
    ],
    ['the signature of nothing', ([header, claims]) => `${header}.${claims}.`, signature],
  ])('a genuine token with %s is refused', async (_what, tamper, why) => {
    const parts = (await api.issuer.sign(forgery.claims())).split('.') as [string, string, string];

    const answer = await ask(`Bearer ${tamper(parts)}`);

    expect(answer).toEqual(refused(why));
  });

  test('a token of over 16 kB is refused before anybody reads it', async () => {
    const answer = await observe(api, () =>
      api.stranger('GET', '/movies', { headers: { authorization: `Bearer ${'x'.repeat(17_000)}` } }),
    );

    expect(answer).toMatchObject({ status: 431, databaseCalls: 0 });
  });
});

describe('genuine tokens that are not for this (API2)', () => {
  test.each<[string, JWTPayload, string]>([
    ['that has expired', { exp: 1 }, expired],
    ['that expired a minute ago', { exp: inSeconds(-60) }, expired],
    ['that is not valid yet', { nbf: inSeconds(600) }, early],
    ['whose start is a text', { nbf: '0' as never }, early],
    ['whose end is a text', { exp: '4000000000' as never }, noEnd],
    ['without an end', { exp: undefined as never }, noEnd],
    ['of another issuer', { iss: 'https://attacker.example' }, issuer],
    ['of no issuer', { iss: undefined as never }, issuer],
    ['of several issuers', { iss: ['https://attacker.example'] as never }, issuer],
    ['for another audience', { aud: 'another-api' }, audience],
    ['for an audience that only begins alike', { aud: 'movies-api.attacker.example' }, audience],
    ['for an audience that is an object', { aud: { 'movies-api': true } as never }, audience],
    ['for no audience', { aud: [] }, audience],
    ['of Cognito for another client', ofCognito({ token_use: 'access', client_id: 'another' }), audience],
    [
      'of Cognito for a list of clients',
      ofCognito({ token_use: 'access', client_id: ['a-cognito-client'] }),
      audience,
    ],
    ['of Cognito that is an ID token', { aud: 'a-cognito-client', token_use: 'id' }, idToken],
    [
      'of Cognito that is an ID token of a client id',
      ofCognito({ token_use: 'id', client_id: 'a-cognito-client' }),
      idToken,
    ],
    ['of Cognito whose use is a list', { token_use: ['access'] }, idToken],
  ])('a token %s is refused', async (_what, changes, why) => {
    const claims = JSON.parse(JSON.stringify(forgery.claims(changes))) as JWTPayload;

    const answer = await ask(`Bearer ${await api.issuer.sign(claims)}`);

    expect(answer).toEqual(refused(why));
  });
});

describe('tokens that grant less (API1, API5)', () => {
  test.each<[string, unknown]>([
    ['no scope', undefined],
    ['an empty scope', ''],
    ['another scope', 'openid profile'],
    ['a scope that begins alike', 'movies/readonly'],
    ['a scope in capitals', 'MOVIES/READ'],
    ['a wildcard', 'movies/* *'],
    ['scopes between commas', 'movies/read,movies/write'],
    ['scopes between tabs', 'x\tmovies/read\ty'],
    ['scopes in a list in a list', [['movies/read']]],
    ['a scope that is an object', { 'movies/read': true }],
  ])('a token with %s reads nothing', async (_what, scope) => {
    const claims = JSON.parse(JSON.stringify({ ...forgery.claims(), scope })) as JWTPayload;

    const answer = await ask(`Bearer ${await api.issuer.sign(claims)}`);

    expect(answer).toEqual(lacksScope('movies/read'));
  });

  test.each([
    ['POST', '/movies'],
    ['PUT', '/movies/2013/Rush'],
    ['PATCH', '/movies/2013/Rush'],
    ['DELETE', '/movies/2013/Rush'],
    ['POST', '/movies/?year=2013&title=Rush'],
  ])('a token that reads does not write by %s %s', async (method, path) => {
    const answer = await observe(api, () => api.reader(method, path, { body: {} }));

    expect(answer).toEqual(lacksScope('movies/write'));
  });
});

describe('credentials in other places (API2)', () => {
  test.each<[string, (token: string) => string]>([
    ['as Basic', (token) => `Basic ${Buffer.from(`bearer:${token}`).toString('base64')}`],
    ['as Basic with the token itself', (token) => `Basic ${token}`],
    ['without a scheme', (token) => token],
    ['in quotes', (token) => `Bearer "${token}"`],
    ['twice in one header', (token) => `Bearer ${token}, Bearer ${token}`],
    ['behind a tab', (token) => `Bearer\t${token}`],
    ['in front of other words', (token) => `Bearer ${token} admin=true`],
    ['as Digest', (token) => `Digest username="${token.slice(0, 8)}"`],
  ])('a genuine token %s is refused', async (_what, place) => {
    const answer = await ask(place(await api.issuer.sign(forgery.claims())));

    expect(answer).toEqual(refused(noBearer));
  });

  test.each<[string, (token: string) => [string, Record<string, string>]]>([
    ['the query', (token) => [`/movies?access_token=${token}`, {}]],
    ['a cookie', (token) => ['/movies', { cookie: `access_token=${token}; Authorization=Bearer ${token}` }]],
    ['X-Access-Token', (token) => ['/movies', { 'x-access-token': token }]],
    ['Proxy-Authorization', (token) => ['/movies', { 'proxy-authorization': `Bearer ${token}` }]],
    [
      "the load balancer's own header",
      (token) => ['/movies', { 'x-amzn-oidc-accesstoken': token, 'x-amzn-oidc-data': token }],
    ],
    ['X-Forwarded-Authorization', (token) => ['/movies', { 'x-forwarded-authorization': `Bearer ${token}` }]],
  ])('a genuine token in %s is not looked at', async (_what, place) => {
    const [path, headers] = place(await api.issuer.sign(forgery.claims()));

    const answer = await observe(api, () => api.stranger('GET', path, { headers }));

    expect(answer).toEqual(refused('This takes an access token: Authorization: Bearer …'));
  });

  test.each<[string, (token: string) => [string, string]]>([
    ['a forged one first', (token) => ['Bearer x.y.z', `Bearer ${token}`]],
    ['a forged one second', (token) => [`Bearer ${token}`, 'Bearer x.y.z']],
    ['the same one twice', (token) => [`Bearer ${token}`, `Bearer ${token}`]],
    ['Basic second', (token) => [`Bearer ${token}`, 'Basic dTpw']],
  ])('of two Authorization headers, %s, neither counts', async (_what, place) => {
    const [first, second] = place(await api.issuer.sign(forgery.claims()));

    const received = await exchange(
      { port: api.port },
      raw([
        'GET /movies HTTP/1.1',
        'Host: api',
        `Authorization: ${first}`,
        `authorization: ${second}`,
        'Connection: close',
      ]),
    );

    expect(statuses(received)).toEqual([400]);
    expect(received).toContain(
      '"errors":[{"in":"header","field":"Authorization","message":"is given more than once"}]',
    );
  });
});

describe('tokens that name where their keys are (API7)', () => {
  test.each(['jku', 'x5u'])('the address in %s is never asked', async (name) => {
    let asked = 0;
    const attacker = createServer((_request, response) => {
      asked += 1;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ keys: [{ ...forgery.ownKey, kid: 'mine', alg: 'RS256' }] }));
    });
    const { url } = await listenOnLoopback(attacker, 0);

    const answer = await ask(`Bearer ${await forgery.sign({ kid: 'mine', [name]: `${url}/jwks.json` })}`);
    await closeServer(attacker);

    expect(answer).toEqual(refused(key));
    expect(asked).toBe(0);
  });
});
