import { createServer } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { SignJWT, exportJWK, generateKeyPair, type JWTPayload } from 'jose';
import { closeServer, listenOnLoopback } from '../../../app/src/local/listen.ts';
import { startApi, type Api } from '../../support/api.ts';
import type { Answer } from '../../support/client.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi({ JWKS_COOLDOWN_MS: '0' });
});
afterAll(() => api.stop());

const inAnHour = () => Math.floor(Date.now() / 1000) + 3600;
const valid = () => ({ iss: api.issuer.issuer, aud: 'movies-api', exp: inAnHour(), scope: 'movies/read' });
const ask = (token: string): Promise<Answer> =>
  api.stranger('GET', '/movies', { headers: { authorization: `Bearer ${token}` } });
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

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

  test('of Cognito gets in: it has a client id and a use instead of an audience', async () => {
    const { iss, exp, scope } = valid();

    const answer = await ask(
      await api.issuer.sign({ iss, exp, scope, token_use: 'access', client_id: 'a-cognito-client' }),
    );

    expect(answer.status).toBe(200);
  });

  test.each([
    ['that has expired', { exp: 1 }, 'The access token has expired.'],
    ['that never expires', { exp: undefined }, 'The access token lacks a valid exp.'],
    ['that is not valid yet', { nbf: 4_000_000_000 }, 'The access token is not valid yet.'],
    ['of another issuer', { iss: 'https://other.example' }, 'The access token is from another issuer.'],
    ['for another audience', { aud: 'another-api' }, 'The access token is for another audience.'],
    ['for no audience', { aud: undefined }, 'The access token is for another audience.'],
    [
      'of Cognito for another client',
      { aud: undefined, token_use: 'access', client_id: 'another' },
      'The access token is for another audience.',
    ],
    [
      'with a client id but no audience, when it is not of Cognito',
      { aud: undefined, client_id: 'a-cognito-client' },
      'The access token is for another audience.',
    ],
    [
      'that is an ID token of Cognito',
      { aud: 'a-cognito-client', token_use: 'id' },
      'This is an ID token; it takes an access token.',
    ],
  ])('%s gets 401', async (_what, claims, why) => {
    // As in JSON: what is undefined is absent.
    const all = JSON.parse(JSON.stringify({ ...valid(), ...claims })) as JWTPayload;

    const answer = await ask(await api.issuer.sign(all));

    expect(answer).toMatchObject(refused(why));
  });

  test('without a signature gets 401', async () => {
    const answer = await ask(`${base64({ alg: 'none' })}.${base64(valid())}.`);

    expect(answer).toMatchObject(refused('The access token is signed by an algorithm that is not allowed.'));
  });

  test('signed with the public key as a shared secret gets 401', async () => {
    const keySet = (await fetch(api.issuer.jwksUri).then((response) => response.json())) as {
      keys: [{ kid: string }];
    };
    const [key] = keySet.keys;
    const token = await new SignJWT(valid())
      .setProtectedHeader({ alg: 'HS256', kid: key.kid })
      .sign(Buffer.from(JSON.stringify(key)));

    const answer = await ask(token);

    expect(answer).toMatchObject(refused('The access token is signed by an algorithm that is not allowed.'));
  });

  test('with changed claims gets 401', async () => {
    const [header = '', , signature = ''] = (await api.issuer.sign(valid())).split('.');

    const answer = await ask(`${header}.${base64({ ...valid(), scope: 'movies/write' })}.${signature}`);

    expect(answer).toMatchObject(refused('The signature of the access token is wrong.'));
  });

  test('that is no token at all gets 401', async () => {
    expect(await ask('nonsense')).toMatchObject(refused('The access token is not a signed JWT.'));
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

  test('signed by a new key of the issuer gets in, one by a withdrawn key does not', async () => {
    const old = await api.issuer.sign(valid());
    await api.issuer.rotateKeys();

    const fresh = await ask(await api.issuer.sign(valid()));
    const withdrawn = await ask(old);

    expect(fresh.status).toBe(200);
    expect(withdrawn).toMatchObject(
      refused('The access token is signed by a key that its issuer does not have.'),
    );
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

  test('with another kind of credentials gets 401', async () => {
    const answer = await api.stranger('GET', '/movies', { headers: { authorization: 'Basic dTpw' } });

    expect(answer).toMatchObject(refused('The Authorization header holds no bearer token.'));
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

describe('the keys of the issuer', () => {
  let guarded: Api;
  afterEach(() => guarded.stop());

  test('are fetched once, however many tokens name keys that it does not have', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256');
    const jwk = { ...(await exportJWK(publicKey)), kid: 'known', alg: 'RS256' };
    let fetches = 0;
    const keys = createServer((_request, response) => {
      fetches += 1;
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: [jwk] }));
    });
    const { url } = await listenOnLoopback(keys, 0);
    guarded = await startApi({ OIDC_JWKS_URI: url });
    const sign = (kid: string) =>
      new SignJWT({ ...valid(), iss: guarded.issuer.issuer })
        .setProtectedHeader({ alg: 'RS256', kid })
        .sign(privateKey);
    const statusFor = async (kid: string) => {
      const headers = { authorization: `Bearer ${await sign(kid)}` };
      return (await guarded.stranger('GET', '/movies', { headers })).status;
    };

    const known = await statusFor('known');
    const unknown = await Promise.all(
      Array.from({ length: 20 }, (_, index) => statusFor(`unknown-${index}`)),
    );
    await closeServer(keys);
    const stillKnown = await statusFor('known');

    expect({ known, unknown: new Set(unknown), stillKnown, fetches }).toEqual({
      known: 200,
      unknown: new Set([401]),
      stillKnown: 200,
      fetches: 1,
    });
  });

  test('can not be had: the answer is 503, not a way in, and the issuer is left alone for a second', async () => {
    let asked = 0;
    const broken = createServer((_request, response) => {
      asked += 1;
      response.writeHead(500).end();
    });
    const { url } = await listenOnLoopback(broken, 0);
    guarded = await startApi({ OIDC_JWKS_URI: url });

    const answers = await Promise.all(Array.from({ length: 5 }, () => guarded.writer('GET', '/movies')));
    await guarded.writer('GET', '/movies');
    await closeServer(broken);

    expect(answers).toEqual(
      Array.from({ length: 5 }, () =>
        expect.objectContaining({
          status: 503,
          json: expect.objectContaining({ detail: 'The token issuer does not give its keys.' }),
        }),
      ),
    );
    expect(asked).toBe(1);
  });
});
