import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Api, startApi } from '../../support/api.ts';
import { aMovie } from '../../support/movies.ts';
import { exchange, observe, raw, statuses } from './attacker.ts';

let api: Api;
beforeAll(async () => {
  // Each read is to reach the database, which is watched here.
  api = await startApi({ MOVIE_CACHE_TTL_MS: '0' });
  await api.writer('POST', '/movies', { body: aMovie() });
});
afterAll(() => api.stop());

const nothingAt = (path: string) => ({
  status: 404,
  detail: `There is nothing at ${path}.`,
  databaseCalls: 0,
});
const noToken = 'This takes an access token: Authorization: Bearer …';

describe('addresses that pretend to be others (API1, API8)', () => {
  test.each([
    '/%6dovies',
    '/movies%2f2013%2fRush',
    '/movies%2F2013/Rush',
    '/movies%252f2013%252fRush',
    '/movies%5c2013%5cRush',
    '/movies;/2013/Rush',
    '/movies.json',
    '//movies/2013/Rush',
    '/./movies/2013/Rush',
    '/healthz/../movies/2013/Rush',
    '/healthz/..;/movies',
    '/healthz%2f..%2fmovies',
    '/healthz%00/../movies',
    '/MOVIES',
    '/Movies/2013/Rush',
    '/ｍovies'.replace('ｍ', '%EF%BD%8D'),
    '/movies%00',
    '/movies%20',
    '/movies%0d%0aX-A:%20b',
    '/api/docs/..%2f..%2fmovies',
  ])('%s gives a stranger nothing', async (path) => {
    const answer = await observe(api, () => api.stranger('GET', path));

    expect([401, 404]).toContain(answer.status);
    expect(answer.databaseCalls).toBe(0);
    expect(JSON.stringify(answer)).not.toContain('Ron Howard');
  });

  test.each([
    '/movies/../healthz',
    '/movies/%2e%2e/healthz',
    '/movies/..%2fhealthz',
    '/movies//2013/Rush',
    '/movies/2013/Rush/',
    '/movies/2013/Rush/../../../healthz',
    '/movies/2013/Rush;jsessionid=1',
    '/movies/2013/%2e%2e%2f%2e%2e%2fhealthz',
    '/movies?/healthz',
    '/movies/2013/Rush?x=/healthz',
  ])('%s asks a stranger for a token', async (path) => {
    const answer = await observe(api, () => api.stranger('GET', path));

    expect(answer).toEqual({ status: 401, detail: noToken, databaseCalls: 0 });
  });

  test.each<[string, string]>([
    ['a null byte', 'Rush%00'],
    ['a null byte and an ending', 'Rush%00.json'],
    ['double encoding', '%2552ush'],
    ['encoded dots', '%2e%2e'],
    ['encoded slashes', '..%2f..%2fetc%2fpasswd'],
    ['slashes that are encoded twice', '..%252f2013%252fRush'],
    ['backslashes', '..%5c..%5cwindows'],
    ['another composition', 'R%C3%BAsh'.replace('%C3%BA', 'u%CC%81')],
    ['full-width letters', '%EF%BC%B2ush'],
    ['an invisible character', 'Ru%E2%80%8Bsh'],
    ['a space behind', 'Rush%20'],
    ['another case', 'rush'],
    ['a placeholder', '%23title'],
  ])('a title with %s is another title, not a way to one', async (_what, title) => {
    const answer = await observe(api, () => api.reader('GET', `/movies/2013/${title}`));

    expect(answer).toEqual({
      status: 404,
      detail: `There is no movie "${decodeURIComponent(title)}" (2013).`,
      databaseCalls: 1,
    });
  });

  test.each([
    ['overlong UTF-8', '/movies/2013/%c0%ae%c0%ae'],
    ['a broken escape', '/movies/2013/%zz'],
    ['half an escape', '/movies/2013/%'],
    ['a surrogate', '/movies/2013/%ed%a0%80'],
    ['bytes beyond UTF-8', '/movies/2013/%ff%fe'],
  ])('%s is refused', async (_what, path) => {
    const answer = await observe(api, () => api.reader('GET', path));

    expect(answer).toEqual({
      status: 400,
      detail: 'The address is not well-formed.',
      errors: [{ in: 'path', message: 'is not percent-encoded UTF-8' }],
      databaseCalls: 0,
    });
  });

  test.each([
    '0x7DD',
    '2013.0',
    '2.013e3',
    '+2013',
    '%202013',
    '02013',
    '2013%00',
    '２０１３'.replaceAll(/./gu, encodeURIComponent),
  ])('the year %s is no second address of the same movie', async (year) => {
    const answer = await observe(api, () => api.reader('GET', `/movies/${year}/Rush`));

    expect(answer).toMatchObject({ status: 400, errors: [{ in: 'path', field: 'year' }], databaseCalls: 0 });
  });

  test.each([
    '/api/docs/../../package.json',
    '/api/docs/..%2f..%2fpackage.json',
    '/api/docs/%2e%2e/%2e%2e/package.json',
    '/api/docs/%252e%252e%252fpackage.json',
    '/api/docs/..%5c..%5cpackage.json',
    '/api/docs/%00',
    '/api/docs//attacker.example/%2e%2e',
    '/api/docs/.git/config',
    '/api/docs/%5cattacker.example',
  ])('the pages are no way to the file system, nor to elsewhere: %s', async (path) => {
    const { status, headers, text } = await api.stranger('GET', path);

    expect([301, 400, 403, 404]).toContain(status);
    expect(headers.location ?? '/api/docs/').toMatch(/^\/api\/docs\//);
    expect(text).not.toMatch(/dependencies|repositoryformatversion/);
  });

  test.each([
    '/.env',
    '/.git/config',
    '/metrics',
    '/admin',
    '/actuator/env',
    '/debug/pprof/',
    '/server-status',
    '/swagger.json',
    '/graphql',
    '/api/v2/movies',
  ])('there is no forgotten %s (API9)', async (path) => {
    const answer = await observe(api, () => api.writer('GET', path));

    expect(answer).toEqual(nothingAt(path));
  });
});

describe('headers that pretend (API8)', () => {
  test.each<[string, Record<string, string>]>([
    ['X-Original-URL', { 'x-original-url': '/healthz' }],
    ['X-Rewrite-URL', { 'x-rewrite-url': '/healthz' }],
    ['X-Forwarded-Prefix', { 'x-forwarded-prefix': '/healthz' }],
    [
      'X-Forwarded-For',
      { 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1', forwarded: 'for=127.0.0.1' },
    ],
    [
      'X-Forwarded-User',
      { 'x-forwarded-user': 'admin', 'x-remote-user': 'admin', 'x-authenticated': 'true' },
    ],
    [
      'an identity of the load balancer',
      { 'x-amzn-oidc-identity': 'admin', 'x-amzn-mtls-clientcert-subject': 'CN=admin' },
    ],
    ['X-HTTP-Method-Override', { 'x-http-method-override': 'OPTIONS', 'x-method-override': 'OPTIONS' }],
    ['Connection that drops Authorization', { connection: 'close, Authorization' }],
    [
      'Origin and Referer of this service',
      { origin: 'http://127.0.0.1', referer: 'http://127.0.0.1/api/docs/' },
    ],
  ])('%s makes nobody a caller', async (_what, headers) => {
    const answer = await observe(api, () => api.stranger('GET', '/movies/2013/Rush', { headers }));

    expect(answer).toEqual({ status: 401, detail: noToken, databaseCalls: 0 });
  });

  test.each(['x-http-method-override', 'x-http-method', 'x-method-override'])(
    '%s does not turn reading into removing',
    async (name) => {
      const answer = await observe(api, () =>
        api.writer('GET', '/movies/2013/Rush', { headers: { [name]: 'DELETE' } }),
      );

      expect(answer).toEqual({ status: 200, body: aMovie(), databaseCalls: 1 });
    },
  );

  test('_method in the query does not turn posting into removing', async () => {
    const answer = await observe(api, () =>
      api.writer('POST', '/movies/?_method=DELETE&year=2013&title=Rush'),
    );

    expect(answer).toMatchObject({
      status: 400,
      errors: [{ in: 'query', field: '_method' }],
      databaseCalls: 0,
    });
  });

  test.each<[string, string, number]>([
    ['an absolute address', 'GET http://attacker.example/movies HTTP/1.1', 401],
    ['an absolute address with a name in it', 'GET http://movies@attacker.example/movies HTTP/1.1', 400],
    ['an address without a scheme', 'GET //attacker.example/movies HTTP/1.1', 404],
    ['an asterisk', 'OPTIONS * HTTP/1.1', 204],
    ['a backslash', 'GET \\movies HTTP/1.1', 400],
    ['a relative address', 'GET movies HTTP/1.1', 400],
    ['bytes that are no ASCII', 'GET /movies\xa0 HTTP/1.1', 400],
  ])('%s as the target gives a stranger nothing', async (_what, line, status) => {
    const received = await exchange(
      { port: api.port },
      Buffer.from(raw([line, 'Host: api', 'Connection: close']), 'latin1'),
    );

    expect(statuses(received)).toEqual([status]);
    expect(received).not.toMatch(/^location:/im);
  });
});
