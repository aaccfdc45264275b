import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Api, startApi } from '../../support/api.ts';
import { aMovie } from '../../support/movies.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi({ REQUEST_TIMEOUT_MS: '500' });
});
afterAll(() => api.stop());

const nested = (depth: number) =>
  `{"year":2013,"title":"Deep","info":{"x":${'['.repeat(depth)}${']'.repeat(depth)}}}`;

describe('a problem', () => {
  test('is told whole: what, where, which request, and nothing of the inside', async () => {
    const { status, json, headers } = await api.reader('GET', '/movies?limit=0&year=1869', {
      headers: { 'x-request-id': 'my-request-42' },
    });

    expect({ status, json }).toEqual({
      status: 400,
      json: {
        type: 'about:blank',
        title: 'Bad Request',
        status: 400,
        detail: 'query limit: must be >= 1.',
        instance: '/movies',
        requestId: 'my-request-42',
        errors: [
          { in: 'query', field: 'limit', message: 'must be >= 1' },
          { in: 'query', field: 'year', message: 'must be >= 1870' },
        ],
      },
    });
    expect(headers).toMatchObject({ 'x-request-id': 'my-request-42', 'cache-control': 'no-store' });
  });

  test('does not repeat a request id that could do harm', async () => {
    const { headers } = await api.stranger('GET', '/', { headers: { 'x-request-id': '"}{' } });

    expect(headers['x-request-id']).toMatch(/^[\w-]{36}$/);
  });

  test.each([
    ['an unknown parameter', '/movies?colour=red', 'query', 'colour'],
    ['a parameter that is given twice', '/movies?year=2013&year=2014', 'query', 'year'],
    ['an empty parameter', '/movies?title=', 'query', 'title'],
    ['a limit beyond 100', '/movies?limit=101', 'query', 'limit'],
    ['a made-up order', '/movies?sort=title&year=2013', 'query', 'sort'],
    ['a year after 2200', '/movies?year=2201', 'query', 'year'],
    ['an order without a year', '/movies?sort=rating', 'query', 'sort'],
    ['a prefix without a year', '/movies?titlePrefix=R', 'query', 'titlePrefix'],
    ['a year that is a word', '/movies/then/Rush', 'path', 'year'],
  ])('names the place of %s', async (_what, path, place, field) => {
    const answer = await api.reader('GET', path);

    expect(answer).toMatchObject({ status: 400, json: { errors: [{ in: place, field }] } });
  });

  test.each([
    ['malformed JSON', '{"year":', 400, {}],
    ['JSON that is no object', '5', 400, {}],
    ['no body', undefined, 400, {}],
    ['a wrong type', JSON.stringify({ ...aMovie(), year: '2013' }), 400, {}],
    ['an unknown member', JSON.stringify({ ...aMovie(), colour: 'red' }), 400, {}],
    ['a year before 1870', JSON.stringify(aMovie({ year: 1869 })), 400, {}],
    ['a rating above 10', JSON.stringify(aMovie({ info: { rating: 10.1 } })), 400, {}],
    ['a title of over 1,024 bytes', JSON.stringify(aMovie({ title: 'ü'.repeat(600) })), 400, {}],
    ['half a surrogate pair', '{"year":2013,"title":"\\ud800","info":{}}', 400, {}],
    ['too many levels', nested(31), 400, {}],
    ['another type', 'text', 415, { 'content-type': 'text/plain' }],
    ['no type', '{}', 415, { 'content-type': '' }],
    ['an encoding that it is not in', '{}', 400, { 'content-encoding': 'gzip' }],
  ])('is told for a body with %s', async (_what, body, status, headers) => {
    const answer = await api.writer('POST', '/movies', { body, headers });

    expect(answer).toMatchObject({
      status,
      json: { status, requestId: expect.any(String) },
      headers: { 'content-type': 'application/problem+json; charset=utf-8' },
    });
    expect(answer.text).not.toMatch(/node_modules|at \w+ \(/);
  });

  test('tells the first fault only for a body that is larger than what a firewall lets through', async () => {
    const body = aMovie({ info: { actors: Array.from({ length: 3_000 }, () => '') } });

    const { status, json } = await api.writer('POST', '/movies', { body });

    expect({ status, json }).toMatchObject({
      status: 400,
      json: { errors: [{ in: 'body', field: '/info/actors', message: 'must NOT have more than 500 items' }] },
    });
  });

  test('tells no more than twenty faults', async () => {
    const body = aMovie({ info: { actors: Array.from({ length: 100 }, () => '') } });

    const { json } = await api.writer('POST', '/movies', { body });

    expect((json as { errors: unknown[] }).errors).toHaveLength(20);
  });

  test.each([
    ['PATCH', '/movies', 'GET, HEAD, POST'],
    ['OPTIONS', '/movies/2013/Rush', 'GET, HEAD, PUT, PATCH, DELETE'],
    ['POST', '/', 'GET, HEAD'],
    ['DELETE', '/movies/', 'GET, HEAD, POST'],
  ])('is 405 for %s %s, with what is allowed', async (method, path, allow) => {
    const answer = await api.writer(method, path);

    expect(answer).toMatchObject({ status: 405, headers: { allow } });
  });
});

describe('a body', () => {
  test('of exactly 100,000 bytes is read', async () => {
    const movie = aMovie({ title: 'Large', info: { note: '' } });
    const note = 'x'.repeat(100_000 - JSON.stringify(movie).length);

    const answer = await api.writer('POST', '/movies', { body: { ...movie, info: { note } } });

    expect(answer.status).toBe(201);
  });
});
