import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { startTokenIssuer, type TokenIssuer } from '../../../app/src/local/token-issuer.ts';

/** As much of a browser as a sign-in needs: cookies, redirects, a form. */
function createBrowserLikeClient() {
  const cookies = new Map<string, string>();

  async function request(url: string, init: RequestInit = {}): Promise<Response> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split(/=(.*)/s);
      cookies.set(name, value);
    }
    return response;
  }

  /** Follows redirects until a page answers, or one leads to `stopAt`, which is not requested. */
  async function follow(url: string, init: RequestInit, stopAt?: string) {
    let response = await request(url, init);
    let at = new URL(url);
    for (let hops = 0; hops < 5; hops += 1) {
      const location = response.headers.get('location');
      if (location === null) return { url: at, response };
      at = new URL(location, at);
      if (stopAt !== undefined && at.href.startsWith(stopAt)) return { url: at, response };
      response = await request(at.href);
    }
    throw new Error(`Too many redirects, the last one to ${at.href}`);
  }

  return {
    /** Opens a page. */
    async open(url: string): Promise<{ url: string; text: string }> {
      const landed = await follow(url, {});
      return { url: landed.url.href, text: await landed.response.text() };
    },
    /** Posts a form and gives the address under `stopAt` that the answers finally lead to. */
    async submit(url: string, form: Record<string, string>, stopAt: string): Promise<URL> {
      const landed = await follow(url, { method: 'POST', body: new URLSearchParams(form) }, stopAt);
      return landed.url;
    },
  };
}

const origin = 'http://localhost:51234';
const redirectUri = `${origin}/api/docs/oauth2-redirect.html`;
const codeVerifier = 'v'.repeat(64);
const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url');

describe.each(['RS256', 'ES256'] as const)('the local token issuer, signing with %s', (algorithm) => {
  let issuer: TokenIssuer;
  beforeAll(async () => {
    issuer = await startTokenIssuer({ algorithm, tokenTtlSeconds: 600 });
  });
  afterAll(() => issuer.stop());

  const verify = (token: string) =>
    jwtVerify(token, createRemoteJWKSet(new URL(issuer.jwksUri)), {
      issuer: issuer.issuer,
      audience: issuer.audience,
      algorithms: [algorithm],
    });

  const authorizationUrl = (changes: Record<string, string> = {}) =>
    `${issuer.issuer}/auth?${new URLSearchParams({
      client_id: issuer.swaggerClientId,
      response_type: 'code',
      redirect_uri: redirectUri,
      scope: 'movies/read',
      state: 'kept',
      code_challenge: codeChallenge,
      code_challenge_method: 'S256',
      ...changes,
    }).toString()}`;

  test('the client-credentials grant gives a JWT with the scopes asked for, for the audience, for the time set', async () => {
    const token = await issuer.token('movies/read movies/write');

    const { payload } = await verify(token);
    expect(payload).toEqual({
      iss: issuer.issuer,
      aud: 'movies-api',
      sub: 'local-machine',
      client_id: 'local-machine',
      scope: 'movies/read movies/write',
      iat: expect.any(Number),
      exp: (payload.iat ?? 0) + 600,
      jti: expect.any(String),
    });
  });

  test('a scope that does not exist is not granted', async () => {
    const token = await issuer.token('movies/read movies/own');

    expect(decodeJwt(token)).toMatchObject({ scope: 'movies/read' });
  });

  test('a machine that asks for no scope gets all of its own, as Cognito gives them', async () => {
    const { id, secret } = issuer.machineClient;
    const answer = await fetch(issuer.tokenEndpoint, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });

    const { access_token: token } = (await answer.json()) as { access_token: string };
    expect((await verify(token)).payload['scope']).toBe('movies/read movies/write');
  });

  test('claims of our choice are signed with a key that the key set publishes', async () => {
    const token = await issuer.sign({ iss: issuer.issuer, aud: 'movies-api', client_id: 'odd' });

    await expect(verify(token)).resolves.toMatchObject({ payload: { client_id: 'odd' } });
  });

  test('after a rotation the former key is gone and the new one signs', async () => {
    const former = await issuer.token('movies/read');

    await issuer.rotateKeys();

    await expect(verify(former)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
    await expect(issuer.token('movies/read').then(verify)).resolves.toMatchObject({
      payload: { scope: 'movies/read' },
    });
  });

  test('Swagger UI gets a token by code and PKCE, over one sign-in page without a password', async () => {
    const browser = createBrowserLikeClient();
    const page = await browser.open(authorizationUrl());
    const landed = await browser.submit(page.url, { answer: 'continue' }, redirectUri);

    const answer = await fetch(issuer.tokenEndpoint, {
      method: 'POST',
      headers: { origin },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: landed.searchParams.get('code') ?? '',
        client_id: issuer.swaggerClientId,
        code_verifier: codeVerifier,
        redirect_uri: redirectUri,
      }),
    });

    expect(page.text).toContain('Swagger UI asks for <code>movies/read</code>');
    expect(landed.searchParams.get('state')).toBe('kept');
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
    const { access_token: token } = (await answer.json()) as { access_token: string };
    await expect(verify(token)).resolves.toMatchObject({
      payload: {
        sub: 'local-developer',
        client_id: 'local-swagger-ui',
        scope: 'movies/read',
        aud: 'movies-api',
      },
    });
  });

  test('cancelling the sign-in tells the client that access was denied', async () => {
    const browser = createBrowserLikeClient();
    const page = await browser.open(authorizationUrl());

    const landed = await browser.submit(page.url, { answer: 'cancel' }, redirectUri);

    expect(landed.searchParams.get('error')).toBe('access_denied');
  });

  test('a redirect to another machine is refused', async () => {
    const answer = await fetch(
      authorizationUrl({ redirect_uri: 'https://elsewhere.example/api/docs/oauth2-redirect.html' }),
      {
        redirect: 'manual',
      },
    );

    expect(answer.status).toBe(400);
  });

  test('a code request without PKCE is refused', async () => {
    const answer = await fetch(
      authorizationUrl()
        .replace(/&code_challenge=[^&]*/, '')
        .replace('&code_challenge_method=S256', ''),
      { redirect: 'manual' },
    );

    expect(answer.headers.get('location')).toContain('error=invalid_request');
  });

  test('a page of another machine may not ask for tokens', async () => {
    const answer = await fetch(issuer.tokenEndpoint, {
      method: 'POST',
      headers: { origin: 'https://elsewhere.example' },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: 'x',
        client_id: issuer.swaggerClientId,
      }),
    });

    expect({ status: answer.status, allowed: answer.headers.get('access-control-allow-origin') }).toEqual({
      status: 400,
      allowed: null,
    });
  });

  test('a sign-in that nobody started gets a plain 4xx', async () => {
    const answer = await fetch(`${issuer.issuer}/sign-in/unknown`);

    expect({ status: answer.status, text: await answer.text() }).toEqual({
      status: 400,
      text: 'invalid_request: start again from the application.',
    });
  });
});
