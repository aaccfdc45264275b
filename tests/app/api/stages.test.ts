import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createStages } from '../../../app/src/app.ts';
import { readContract, type OperationId } from '../../../app/src/http/contract.ts';
import { HttpProblem } from '../../../app/src/http/problem.ts';
import type { Stage } from '../../../app/src/http/stages.ts';
import { type Api, startApi } from '../../support/api.ts';
import { type Answer, type Call, createClient, type Send } from '../../support/client.ts';
import { aMovie } from '../../support/movies.ts';

const rush = '/movies/2013/Rush';
const merge = { 'content-type': 'application/merge-patch+json' };
const asked = '?year=2014&title=Wrapped';
/** A request for each operation that its stages let pass. */
const requests: Readonly<Record<OperationId, [string, string, Call?]>> = {
  welcome: ['GET', '/'],
  liveness: ['GET', '/healthz'],
  readiness: ['GET', '/readyz'],
  version: ['GET', '/version'],
  contract: ['GET', '/openapi.json'],
  listMovies: ['GET', '/movies?year=2013'],
  createMovie: ['POST', '/movies', { body: aMovie({ title: 'Other' }) }],
  getMovie: ['GET', rush],
  replaceMovie: ['PUT', rush, { body: aMovie(), headers: { 'if-match': '*' } }],
  patchMovie: ['PATCH', rush, { body: { info: { rating: 1 } }, headers: merge }],
  removeMovie: ['DELETE', '/movies/2013/Other'],
  getMovieWrapped: ['GET', '/movies/?year=2013&title=Rush'],
  createMovieWrapped: ['POST', `/movies/${asked}`],
  echoGet: ['GET', '/echo'],
  echoPost: ['POST', '/echo'],
  echoPut: ['PUT', '/echo'],
  echoPatch: ['PATCH', '/echo'],
  echoDelete: ['DELETE', '/echo'],
  formerContract: ['GET', '/static/swagger.json'],
};

let api: Api;
let send: Send;
let seen: (string | undefined)[] = [];
let isClosed = false;
/** What somebody may add: it counts callers, and has a limit. */
const audit: Stage = (_request, { locals }, next) => {
  seen.push(locals.found?.operation?.id);
  if (isClosed) throw new HttpProblem(429, 'Too many requests of this caller.');
  next();
};
beforeAll(async () => {
  const stages: typeof createStages = (deps) => [...createStages(deps), audit];
  // Nothing is forgotten while this test runs.
  api = await startApi({ MOVIE_CACHE_TTL_MS: '60000' }, { stages });
  const token = await api.issuer.token('movies/read movies/write');
  send = createClient(api.port, { authorization: `Bearer ${token}` });
  await send('POST', '/movies', { body: aMovie() });
});
afterAll(() => api.stop());
beforeEach(() => {
  seen = [];
  isClosed = false;
});

describe('a stage that is added', () => {
  test.each(Object.entries(requests))('acts on %s', async (operation, request) => {
    const { status } = await send(...request);
    isClosed = true;
    const refused = await send(...request);

    expect({ isAnswered: status < 400, refused: refused.status, seen }).toEqual({
      isAnswered: true,
      refused: 429,
      seen: [operation, operation],
    });
  });

  test('knows every operation of the contract', () => {
    const operations = Object.values(readContract().paths)
      .flatMap((item) => Object.values(item))
      .flatMap((operation) => ('operationId' in operation ? [operation.operationId] : []));

    expect(Object.keys(requests).sort()).toEqual(operations.sort());
  });

  test('acts on a movie from the table and from memory, and on what no operation answers', async () => {
    await send('PATCH', rush, { body: { info: { rating: 2 } }, headers: merge });
    const reads = api.database.seen.length;
    const answers = [
      await send('GET', rush),
      await send('GET', rush),
      await send('GET', '/api/docs/'),
      await send('GET', '/nowhere'),
      await send('OPTIONS', rush),
    ];

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 404, 405]);
    expect(api.database.seen.length - reads).toBe(1);
    expect(seen).toEqual(['patchMovie', 'getMovie', 'getMovie', undefined, undefined, undefined]);
  });
});

describe('a read without Express is answered as by Express', () => {
  /** Ranges with weights down to zero are negotiated by Express. */
  const byExpress = { accept: 'application/json, text/html;q=0' };
  const comparable = ({ status, headers, text }: Answer) => ({
    status,
    headers: { ...headers, date: '', 'x-request-id': '' },
    text: text.replace(/"requestId":"[^"]*"/, ''),
  });

  test.each<[string, string, Call['headers'], number]>([
    ['a movie', rush, {}, 200],
    ['a movie for axios', rush, { accept: 'application/json, text/plain, */*' }, 200],
    ['a movie for a browser', rush, { accept: 'text/html,application/xml;q=0.9,*/*;q=0.8' }, 200],
    ['a movie with a stray type', rush, { 'content-type': 'text/plain' }, 200],
    ['a movie by any tag', rush, { 'if-none-match': '*' }, 304],
    ['a movie by a list of tags', rush, { 'if-none-match': 'W/"a", "b"' }, 200],
    ['a movie by no tag', rush, { 'if-none-match': 'a' }, 400],
    ['a movie that must be fresh', rush, { 'cache-control': 'no-cache' }, 200],
    ['a movie that is missing', '/movies/2013/Missing', {}, 404],
    ['an encoded title', '/movies/2013/V%2FH%2FS', {}, 404],
    ['a title in another alphabet', '/movies/2013/%E5%8D%83', {}, 404],
    ['a title that is not UTF-8', '/movies/2013/%ff', {}, 400],
    ['a title as long as they may be', `/movies/2013/${'x'.repeat(1_024)}`, {}, 404],
    ['a title that is longer', `/movies/2013/${'x'.repeat(1_025)}`, {}, 400],
    ['the first year', '/movies/1870/Rush', {}, 404],
    ['a year before', '/movies/1869/Rush', {}, 400],
    ['a year in other digits', '/movies/02013/Rush', {}, 400],
    ['a year in a fraction', '/movies/2013.5/Rush', {}, 400],
    ['an unknown parameter', `${rush}?x=1`, {}, 400],
    ['a list', '/movies', {}, 200],
    ['a page', '/movies?year=2013&limit=2', {}, 200],
    ['a list by title', '/movies?title=Rush+Hour%21', {}, 200],
    ['a list by rating', '/movies?year=2013&minRating=7.5&sort=rating', {}, 200],
    ['an order that nobody knows', '/movies?year=2013&sort=title', {}, 400],
    ['a limit beyond the most', '/movies?limit=101', {}, 400],
    ['a limit with a sign', '/movies?limit=%2B5', {}, 400],
    ['a parameter twice', '/movies?year=2013&year=2014', {}, 400],
    ['a parameter that is empty', '/movies?title=', {}, 400],
    ['a cursor that was never given out', '/movies?cursor=abc', {}, 400],
    ['a filter that needs a year', '/movies?titlePrefix=R', {}, 400],
  ])('%s', async (_what, path, headers, status) => {
    const plain = await send('GET', path, { headers: headers ?? {} });
    const express = await send('GET', path, { headers: { ...headers, ...byExpress } });

    expect(comparable(plain)).toEqual(comparable(express));
    expect(plain.status).toBe(status);
  });

  test.each<[string, (issuer: Api['issuer']) => string | Promise<string>, number]>([
    ['who may only write', (issuer) => issuer.token('movies/write'), 403],
    ['a forged signature', async (issuer) => `${await issuer.token('movies/read')}x`, 401],
    ['what is no token', () => 'a', 401],
    ['two tokens', () => 'a b', 401],
  ])('%s', async (_who, token, status) => {
    const authorization = `Bearer ${await token(api.issuer)}`;
    const plain = await send('GET', rush, { headers: { authorization } });
    const express = await send('GET', rush, { headers: { authorization, ...byExpress } });

    expect(comparable(plain)).toEqual(comparable(express));
    expect(plain.status).toBe(status);
  });
});

test('reads from memory need no database, have an id of their own and one log line each', async () => {
  await send('GET', rush);
  const [reads, lines] = [api.database.seen.length, api.log.length];

  const answers = [await send('GET', rush), await send('GET', rush)];

  const ids = answers.map(({ headers }) => headers['x-request-id']);
  expect(new Set(ids).size).toBe(2);
  expect(api.database.seen).toHaveLength(reads);
  expect(api.log.slice(lines)).toEqual(
    ids.map((requestId) =>
      expect.objectContaining({ msg: 'request', requestId, method: 'GET', route: '/movies/{year}/{title}' }),
    ),
  );
});
