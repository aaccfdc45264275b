import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Api, startApi } from '../../support/api.ts';
import { aMovie } from '../../support/movies.ts';
import { exchange, raw, statuses } from './attacker.ts';

let api: Api;
let authorization: string;
beforeAll(async () => {
  api = await startApi({ REQUEST_TIMEOUT_MS: '1500' });
  authorization = `Authorization: Bearer ${await api.issuer.token('movies/read movies/write')}`;
  await api.writer('POST', '/movies', { body: aMovie() });
});
afterAll(() => api.stop());

const bodyOf = (received: string): string => received.slice(received.lastIndexOf('\r\n\r\n') + 4);
const ask = (lines: readonly string[], body = '') =>
  exchange({ port: api.port }, Buffer.from(raw([...lines, 'Connection: close'], body), 'latin1'));

describe('an absolute target, as clients of a proxy send it, is the same request', () => {
  const one = '{"year":2013,"title":"Absolute","info":{}}';
  test.each<[string, string, number, string]>([
    ['GET', '/movies?limit=1', 200, ''],
    ['GET', '/movies/2013/Rush', 200, ''],
    ['GET', '/movies/2013/Rush?x=1', 400, ''],
    ['GET', '/movies/?year=2013&title=Rush', 200, ''],
    ['POST', '/movies', 201, one],
    ['PATCH', '/movies/2013/Rush', 200, '{"info":{"rank":3}}'],
    ['DELETE', '/movies/2013/Absolute', 204, ''],
    ['GET', '/healthz?x=1', 400, ''],
    ['GET', '/nope', 404, ''],
    ['GET', '', 200, ''],
    ['GET', '/api/docs/', 200, ''],
    ['GET', '/static/swagger.json', 200, ''],
    ['POST', '/echo', 200, ''],
  ])('%s %s gets %d, with a token and without', async (method, path, status, body) => {
    const head = (target: string) => [
      `${method} ${target} HTTP/1.1`,
      'Host: elsewhere.example',
      ...(body === '' ? [] : ['Content-Type: application/json', `Content-Length: ${body.length}`]),
    ];

    const withToken = await ask([...head(`HTTPS://api.example:8443${path}`), authorization], body);
    const without = [
      await ask(head(`http://x${path}`), body),
      await ask(head(path === '' ? '/' : path), body),
    ];

    expect(statuses(withToken)).toEqual([status]);
    expect(withToken).not.toContain('api.example');
    expect(statuses(without[0] ?? '')).toEqual(statuses(without[1] ?? ''));
  });
});

describe('what is refused below the service', () => {
  const host = 'Host: api';
  test.each<[string, readonly string[], string, number]>([
    ['headers that are too large', ['GET / HTTP/1.1', host, `X-Groups: ${'g'.repeat(20_000)}`], '', 431],
    ['an address that is too long', [`GET /movies?cursor=${'x'.repeat(17_000)} HTTP/1.1`, host], '', 431],
    ['a space in the address', ['GET /a b HTTP/1.1', host], '', 400],
    ['what is no HTTP', ['nonsense'], '', 400],
    ['a header without a name', ['GET / HTTP/1.1', host, ': x'], '', 400],
    ['a length that is none', ['POST /movies HTTP/1.1', host, 'Content-Length: x'], '', 400],
    ['two lengths', ['POST /movies HTTP/1.1', host, 'Content-Length: 1', 'Content-Length: 2'], '', 400],
    ['a proxy’s method', ['CONNECT example.com:443 HTTP/1.1', 'Host: example.com:443'], '', 405],
    ['no Host', ['GET / HTTP/1.1'], '', 400],
    ['a Host that is no host', ['GET / HTTP/1.1', 'Host: a b'], '', 400],
    ['a Host with a path', ['GET / HTTP/1.1', 'Host: a/healthz'], '', 400],
    ['a fragment in the target', ['GET /movies?limit=1#x HTTP/1.1', host], '', 400],
    ['an expectation', ['GET / HTTP/1.1', host, 'Expect: a-miracle'], '', 417],
    ['user information in the target', ['GET http://me@x/healthz HTTP/1.1', host], '', 400],
    ['a target of another scheme', ['GET ftp://x/healthz HTTP/1.1', host], '', 400],
    [
      'a coding that nobody knows',
      ['POST /echo HTTP/1.1', host, 'Transfer-Encoding: gzip, chunked'],
      '0\r\n\r\n',
      501,
    ],
    ['a chunk without an end', ['POST /echo HTTP/1.1', host, 'Transfer-Encoding: chunked'], 'zz\r\n', 400],
    ['headers that never end', ['GET / HTTP/1.1', host, 'X: '], 'unfinished', 408],
  ])(
    '%s is a problem document with an id that the log has, and is counted',
    async (_what, lines, body, status) => {
      const counted = async () => {
        const { text } = await api.metrics('GET', '/metrics');
        return [...text.matchAll(/^http_request_duration_seconds_count\{.*\} (\d+)/gm)]
          .map(([, count]) => Number(count))
          .reduce((sum, count) => sum + count, 0);
      };
      const before = await counted();
      const isCut = status === 408;

      const received = isCut
        ? await exchange({ port: api.port }, lines.join('\r\n'))
        : await ask(lines, body);

      const { requestId } = JSON.parse(bodyOf(received)) as { requestId: string };
      expect(statuses(received)).toEqual([status]);
      expect(received).toMatch(/^content-type: application\/problem\+json; charset=utf-8\r$/im);
      expect(received).toMatch(new RegExp(`^x-request-id: ${requestId}\r$`, 'im'));
      expect(received).toMatch(/^content-security-policy: default-src 'none'/im);
      expect(api.log).toContainEqual(expect.objectContaining({ requestId, status, msg: 'request' }));
      expect(await counted()).toBe(before + 1);
    },
  );

  test('a body that stops gets 408, and a chunk that is broken 400, where the request is known already', async () => {
    const head = ['POST /movies HTTP/1.1', host, authorization, 'Content-Type: application/json'];

    const slow = await exchange({ port: api.port }, raw([...head, 'Content-Length: 10'], '{'));
    const broken = await exchange({ port: api.port }, raw([...head, 'Transfer-Encoding: chunked'], 'zz\r\n'));

    expect([...statuses(slow), ...statuses(broken)]).toEqual([408, 400]);
    expect(JSON.parse(bodyOf(slow))).toMatchObject({ instance: '/movies', status: 408 });
    expect(JSON.parse(bodyOf(broken))).toMatchObject({ instance: '/movies', status: 400 });
  });

  test('a broken request behind a good one on one connection leaves the good answer whole', async () => {
    const received = await exchange(
      { port: api.port },
      raw(['GET /version HTTP/1.1', host], raw(['GET /a b HTTP/1.1', host])),
    );

    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400']);
  });

  test('OPTIONS * is answered for the whole server', async () => {
    const received = await ask(['OPTIONS * HTTP/1.1', host]);

    expect(statuses(received)).toEqual([204]);
    expect(received).toMatch(/^allow: GET, HEAD, POST, PUT, PATCH, DELETE\r$/im);
  });
});

describe('bytes that are not UTF-8, and numbers that would be rounded, are refused', () => {
  const movie = (title: string, info: string) =>
    Buffer.from(`{"year":2001,"title":"${title}","info":{${info}}}`, 'latin1');
  test.each<[string, Buffer, object]>([
    ['a title in Latin-1', movie('Am\xe9lie', ''), { message: 'is not well-formed UTF-8' }],
    ['half a character', movie('A', '"plot":"\xc3"'), { message: 'is not well-formed UTF-8' }],
    ['a surrogate', movie('A', '"plot":"\xed\xa0\x80"'), { message: 'is not well-formed UTF-8' }],
    ['an attribute in Latin-1', movie('A', '"na\xefve":1'), { message: 'is not well-formed UTF-8' }],
    ['UTF-16', Buffer.from('{"year":2001}', 'utf16le'), { message: 'is not valid JSON' }],
    ['a whole number beyond a double', movie('A', '"id":9007199254740993'), { field: '/info/id' }],
    [
      'more digits than a double has',
      movie('A', '"a":[{"b/c":0.1000000000000000055}]'),
      { field: '/info/a/0/b~1c' },
    ],
    ['a number that becomes nothing', movie('A', '"n":1e-400'), { field: '/info/n' }],
    ['a number that becomes infinite', movie('A', '"rating":1e400'), { field: '/info/rating' }],
    ['a name twice', movie('A', '"rating":1,"rating":9'), { field: '/info/rating' }],
    ['a name twice, once escaped', movie('A', '"rating":1,"r\\u0061ting":9'), { field: '/info/rating' }],
    ['a day that is none', movie('A', '"release_date":"2013-02-29"'), { field: '/info/release_date' }],
    ['a month that is none', movie('A', '"release_date":"2013-13-45"'), { field: '/info/release_date' }],
    [
      'an hour that is none',
      movie('A', '"release_date":"2013-09-02T24:00:00Z"'),
      { field: '/info/release_date' },
    ],
  ])('%s in a body', async (_what, body, fault) => {
    const answer = await api.writer('POST', '/movies', { body });

    expect(answer).toMatchObject({ status: 400, json: { errors: [{ in: 'body', ...fault }] } });
  });

  test.each(['8.30', '1e2', '-0.0', '123456789012345680000', '0.30000000000000004', '5e-100'])(
    '%s is kept: it comes back as the same number',
    async (number) => {
      const body = movie(`Number ${number}`, `"n":${number}`);

      const answer = await api.writer('POST', '/movies', { body });

      expect(answer).toMatchObject({
        status: 201,
        json: { info: { n: Number(number) === 0 ? 0 : Number(number) } },
      });
    },
  );

  test.each<[string, string, string, string]>([
    ['a title in Latin-1', 'GET', '/movies?title=Z%E9ro', 'query'],
    ['a bare percent sign', 'GET', '/movies?title=100%', 'query'],
    ['a genre that is no UTF-8', 'GET', '/movies?genre=%ff&year=1994', 'query'],
    ['a title to create', 'POST', '/movies/?year=2001&title=Z%E9ro&rating=5', 'query'],
    ['an overlong slash', 'GET', '/movies?title=%c0%af', 'query'],
    ['a year with a fraction', 'GET', '/movies?year=1994.0', 'query'],
    ['a year with an exponent', 'GET', '/movies?year=1.994e3', 'query'],
    ['a year behind a space', 'GET', '/movies?year=%201994', 'query'],
    ['a year in the path with a fraction', 'GET', '/movies/1994.0/Rush', 'path'],
    [
      'a rating with too many digits',
      'POST',
      '/movies/?year=2001&title=R&rating=8.12345678901234567890',
      'query',
    ],
    ['a path in Latin-1', 'GET', '/movies/1994/%E9', 'path'],
  ])('%s in an address', async (_what, method, path, place) => {
    const answer = await api.writer(method, path);

    expect(answer).toMatchObject({ status: 400, json: { errors: [{ in: place }] } });
  });
});

describe('media types', () => {
  test.each<[string, number]>([
    ['application/json; charset=utf-8', 200],
    ['Application/JSON;charset="UTF-8"', 200],
    ['text/html, application/json;q=0.5;x="a,b"', 200],
    ['application/*;q=0.1', 200],
    ['application/json;q=0', 406],
    ['application/json;q=0, */*', 406],
    ['*/*;q=0.0', 406],
    ['application/json-patch+json', 406],
    ['text/html', 406],
    ['', 406],
  ])('Accept: %s gets %d', async (accept, status) => {
    expect((await api.reader('GET', '/movies/2013/Rush', { headers: { accept } })).status).toBe(status);
  });

  test.each<[string, number]>([
    ['application/json;charset=UTF-8', 200],
    ['application/merge-patch+json; charset="utf-8"; x="a;charset=latin1"', 200],
    ['application/json; charset=latin1', 415],
    ['application/json; charset=utf-8; charset=utf-16', 415],
    ['text/plain', 415],
  ])('PATCH with Content-Type: %s gets %d', async (type, status) => {
    const call = { body: { info: { rank: 3 } }, headers: { 'content-type': type } };

    const answer = await api.writer('PATCH', '/movies/2013/Rush', call);

    expect(answer.status).toBe(status);
    expect(answer.headers['accept-patch']).toBe(
      status === 415 ? 'application/merge-patch+json, application/json' : undefined,
    );
  });
});
