import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Api, startApi } from '../../support/api.ts';

let api: Api;
let closed: Api;
beforeAll(async () => {
  api = await startApi();
  closed = await startApi({ OIDC_ISSUER: '', OIDC_AUDIENCE: '', OIDC_SWAGGER_CLIENT_ID: '' });
});
afterAll(() => Promise.all([api.stop(), closed.stop()]));

describe('Swagger UI', () => {
  test('runs no inline script and talks to nobody but this API and its issuer', async () => {
    const { status, text, headers } = await api.stranger('GET', '/api/docs/');

    expect(status).toBe(200);
    expect(text).not.toMatch(/<script(?![^>]*\ssrc="\.\/)[^>]*>|\son\w+=|https?:\/\/(?!www\.w3\.org)/i);
    expect(headers['content-security-policy']).toBe(
      [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        `connect-src 'self' ${api.issuer.issuer}`,
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
      ].join(';'),
    );
    // A sign-in window of another origin could not report back.
    expect(headers).not.toHaveProperty('cross-origin-opener-policy');
  });

  test('comes whole from this process', async () => {
    const { text } = await api.stranger('GET', '/api/docs/');
    const files = [...text.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map(([, file]) => file);

    const answers = await Promise.all(files.map((file) => api.stranger('GET', `/api/docs/${String(file)}`)));

    expect(answers.map(({ status }) => status)).toEqual(files.map(() => 200));
    expect(files).toContain('swagger-ui-bundle.js');
  });

  test('signs in by authorization code with PKCE, as the configured client', async () => {
    const { text } = await api.stranger('GET', '/api/docs/swagger-ui-init.js');
    const redirect = await api.stranger('GET', '/api/docs/oauth2-redirect.html');

    expect(text).toContain('"usePkceWithAuthorizationCodeGrant": true');
    expect(text).toContain(`"clientId": "${api.issuer.swaggerClientId}"`);
    expect(redirect.status).toBe(200);
  });

  const wholeLength = { 'content-range': expect.stringMatching(/^bytes \*\/\d+$/) };
  test.each<[string, string, string, Record<string, string>, number, object]>([
    ['another revision', 'GET', 'swagger-ui.css', { 'If-Match': '"x"' }, 412, {}],
    ['bytes behind the end', 'GET', 'swagger-ui.css', { Range: 'bytes=99999999-' }, 416, wholeLength],
    ['a change of the page', 'POST', '', {}, 405, { allow: 'GET, HEAD' }],
    ['a change of a script', 'DELETE', 'swagger-ui-init.js', {}, 405, { allow: 'GET, HEAD' }],
  ])('refuses a request for %s, with the reason', async (_what, method, file, headers, status, told) => {
    const answer = await api.stranger(method, `/api/docs/${file}`, { headers });

    expect(answer).toMatchObject({ status, json: { status }, headers: told });
  });

  test.each(['nothing', 'package.json', 'x/package.json?y'])('has no page %s', async (file) => {
    expect(await api.stranger('GET', `/api/docs/${file}`)).toMatchObject({
      status: 404,
      json: { status: 404 },
    });
  });
});

describe('the document', () => {
  test("has the issuer's own endpoints", async () => {
    const { json } = await api.stranger('GET', '/openapi.json');

    expect(json).toMatchObject({
      openapi: '3.0.3',
      components: {
        securitySchemes: {
          oauth2: {
            flows: {
              authorizationCode: {
                authorizationUrl: `${api.issuer.issuer}/auth`,
                tokenUrl: api.issuer.tokenEndpoint,
                scopes: { 'movies/read': expect.any(String), 'movies/write': expect.any(String) },
              },
            },
          },
        },
      },
    });
  });

  test('offers no sign-in where there is no issuer', async () => {
    const { json } = await closed.stranger('GET', '/openapi.json');

    expect(
      Object.keys((json as { components: { securitySchemes: object } }).components.securitySchemes),
    ).toEqual(['bearer']);
    expect(JSON.stringify(json)).not.toContain('{"oauth2":[');
  });
});
