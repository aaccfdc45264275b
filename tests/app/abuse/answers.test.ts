import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Api, startApi } from '../../support/api.ts';
import type { Answer } from '../../support/client.ts';
import { aMovie } from '../../support/movies.ts';

let api: Api;
let etag: string;
beforeAll(async () => {
  api = await startApi();
  const created = await api.writer('POST', '/movies', { body: aMovie() });
  etag = created.headers.etag ?? '';
});
afterAll(() => api.stop());

const strictPolicy = "default-src 'none';frame-ancestors 'none';base-uri 'none'";
const kinds: [string, () => Promise<Answer>, number][] = [
  ['a welcome', () => api.stranger('GET', '/'), 200],
  ['a movie', () => api.reader('GET', '/movies/2013/Rush'), 200],
  ['a list', () => api.reader('GET', '/movies'), 200],
  ['a movie of the first version', () => api.reader('GET', '/movies/?year=2013&title=Rush'), 200],
  ['a movie without its body', () => api.reader('HEAD', '/movies/2013/Rush'), 200],
  [
    'a movie that is unchanged',
    () => api.reader('GET', '/movies/2013/Rush', { headers: { 'if-none-match': etag } }),
    304,
  ],
  ['the contract', () => api.stranger('GET', '/openapi.json'), 200],
  ['an echo', () => api.stranger('POST', '/echo'), 200],
  ['the contract of the first version', () => api.stranger('GET', '/static/swagger.json'), 200],
  ['a bad request', () => api.reader('GET', '/movies?limit=0'), 400],
  ['a refusal', () => api.stranger('GET', '/movies'), 401],
  ['a missing scope', () => api.nobody('GET', '/movies'), 403],
  ['nothing', () => api.stranger('GET', '/nothing'), 404],
  ['a missing movie', () => api.reader('GET', '/movies/2013/Missing'), 404],
  ['a method that is not possible', () => api.stranger('DELETE', '/'), 405],
  ['a conflict', () => api.writer('POST', '/movies', { body: aMovie() }), 409],
  [
    'a stale edit',
    () => api.writer('PUT', '/movies/2013/Rush', { body: aMovie(), headers: { 'if-match': '"x"' } }),
    412,
  ],
  ['too large a body', () => api.writer('POST', '/movies', { body: 'x'.repeat(100_001) }), 413],
  [
    'a wrong type',
    () => api.writer('POST', '/movies', { body: 'x', headers: { 'content-type': 'text/html' } }),
    415,
  ],
];

describe('headers of every kind of answer (API8)', () => {
  test.each(kinds)(
    '%s may not be framed, sniffed, scripted or read by other origins',
    async (_what, send, status) => {
      const answer = await send();

      expect(answer).toMatchObject({
        status,
        headers: {
          'content-security-policy': strictPolicy,
          'x-content-type-options': 'nosniff',
          'strict-transport-security': 'max-age=31536000; includeSubDomains',
          'referrer-policy': 'no-referrer',
          'cross-origin-resource-policy': 'same-origin',
          'x-frame-options': 'SAMEORIGIN',
        },
      });
      expect(Object.keys(answer.headers)).not.toEqual(
        expect.arrayContaining([
          expect.stringMatching(/^(access-control-.*|x-powered-by|server|set-cookie)$/),
        ]),
      );
    },
  );

  test.each(kinds)('%s says nothing of the inside', async (_what, send) => {
    const { text, headers } = await send();

    expect(`${text}${JSON.stringify(headers)}`).not.toMatch(
      /node_modules|\.ts:\d|\bat \w+ \(|Express|dynalite|:v0|#title/,
    );
  });

  test('a page runs no inline script, is not framed and sends no form elsewhere', async () => {
    const { headers } = await api.stranger(
      'GET',
      '/api/docs/?url=https://attacker.example/x.json&configUrl=//attacker.example',
    );

    expect(headers['content-security-policy']).toContain("script-src 'self';");
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(headers['content-security-policy']).not.toMatch(/attacker|script-src[^;]*unsafe|\*/);
  });
});

describe('other origins (API8)', () => {
  test.each(['https://attacker.example', 'null', 'http://127.0.0.1', 'https://api.example.attacker.example'])(
    'nothing is allowed to the origin %s, neither by an answer nor before it',
    async (origin) => {
      const preflight = {
        origin,
        'access-control-request-method': 'DELETE',
        'access-control-request-headers': 'authorization',
      };

      const answers = [
        await api.stranger('OPTIONS', '/movies/2013/Rush', { headers: preflight }),
        await api.stranger('OPTIONS', '/', { headers: preflight }),
        await api.reader('GET', '/movies/2013/Rush', { headers: { origin } }),
      ];

      expect(answers.map(({ status }) => status)).toEqual([401, 405, 200]);
      expect(JSON.stringify(answers.map(({ headers }) => headers))).not.toMatch(/access-control/i);
    },
  );
});

describe('caches that could be poisoned or could tell (API8)', () => {
  test.each<[string, () => Promise<Answer>, string]>([
    ['a movie', () => api.reader('GET', '/movies/2013/Rush'), 'private, no-cache'],
    ['a list', () => api.reader('GET', '/movies'), 'private, no-cache'],
    [
      'a movie that is unchanged',
      () => api.reader('GET', '/movies/2013/Rush', { headers: { 'if-none-match': etag } }),
      'private, no-cache',
    ],
    ['a movie without its body', () => api.reader('HEAD', '/movies/2013/Rush'), 'private, no-cache'],
  ])('%s is for the cache of its caller only', async (_what, send, control) => {
    const { headers } = await send();

    expect(headers).toMatchObject({ 'cache-control': control, vary: 'Authorization' });
  });

  test.each<[string, () => Promise<Answer>]>([
    ['a movie of the first version', () => api.reader('GET', '/movies/?year=2013&title=Rush')],
    ['a refusal', () => api.stranger('GET', '/movies')],
    ['a missing scope', () => api.nobody('GET', '/movies')],
    ['a missing movie', () => api.reader('GET', '/movies/2013/Missing')],
    ['a movie with an ending like a picture', () => api.reader('GET', '/movies/2013/Rush.png')],
    ['a created movie', () => api.writer('POST', '/movies', { body: aMovie({ title: `${Date.now()}` }) })],
    ['nothing', () => api.stranger('GET', '/nothing')],
  ])('%s is for no cache', async (_what, send) => {
    expect((await send()).headers['cache-control']).toBe('no-store');
  });

  const pretences = {
    'x-forwarded-host': 'attacker.example',
    'x-forwarded-proto': 'https',
    'x-forwarded-port': '1',
    'x-forwarded-prefix': '/attacker.example',
    'x-host': 'attacker.example',
    forwarded: 'host=attacker.example',
  };
  test.each<[string, string]>([
    ['the welcome', '/'],
    ['the contract', '/openapi.json'],
    ['the pages', '/api/docs/'],
    ['what the pages run', '/api/docs/swagger-ui-init.js'],
    ['a redirect', '/api/docs'],
    ['the old redirect', '/static/swagger.json'],
    ['a list with a next page', '/movies?limit=1'],
    ['nothing', '/nothing'],
  ])('%s does not change by X-Forwarded-Host and the like', async (_what, path) => {
    const answer = await api.reader('GET', path, { headers: pretences });

    expect(`${answer.text}${JSON.stringify(answer.headers)}`).not.toContain('attacker.example');
  });

  test.each<[string, string]>([
    ['the welcome', '/'],
    ['the contract', '/openapi.json'],
    ['the pages', '/api/docs/'],
    ['a redirect', '/api/docs'],
    ['a list with a next page', '/movies?limit=1'],
  ])('%s does not change by Host', async (_what, path) => {
    const answer = await api.reader('GET', path, { headers: { host: 'attacker.example' } });

    expect(`${answer.text}${JSON.stringify(answer.headers)}`).not.toContain('attacker.example');
  });
});

describe('headers that callers would like to write (API8)', () => {
  test.each<[string, string]>([
    ['a line end', 'x\r\nSet-Cookie: a=b'],
    ['a line end of another alphabet', 'x\u560d\u560aSet-Cookie: a=b'],
    ['an address', '//attacker.example'],
    ['a script', '<script>alert(1)</script>'],
  ])('%s in a title stays a title in Location and Link', async (_what, title) => {
    const created = await api.writer('POST', '/movies', { body: aMovie({ year: 1999, title }) });
    const list = await api.reader('GET', `/movies?title=${encodeURIComponent(title)}&limit=1`);

    expect(created.status).toBe(201);
    expect(created.headers.location).toBe(`/movies/1999/${encodeURIComponent(title)}`);
    expect([created.headers, list.headers].some((headers) => 'set-cookie' in headers)).toBe(false);
    expect(list.headers['content-type']).toBe('application/json; charset=utf-8');
  });
});
