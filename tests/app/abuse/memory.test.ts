import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Api, startApi } from '../../support/api.ts';
import { type Answer, createClient } from '../../support/client.ts';
import { aMovie } from '../../support/movies.ts';
import { assemble, createForgery, type Forgery, observe } from './attacker.ts';

const path = '/movies/2013/Rush';
let api: Api;
let forgery: Forgery;
let token: string;
let writing: string;
const bearing = (authorization: string, headers: Readonly<Record<string, string>> = {}) =>
  createClient(api.port, { ...headers, authorization })('GET', path);

beforeAll(async () => {
  // What was read stays known for the whole test.
  api = await startApi({ MOVIE_CACHE_TTL_MS: '60000', TOKEN_CACHE_TTL_MS: '60000' });
  forgery = await createForgery(api.issuer);
  token = await api.issuer.token('movies/read');
  writing = await api.issuer.token('movies/write');
  await api.writer('POST', '/movies', { body: aMovie() });
});
afterAll(() => api.stop());

beforeEach(async () => {
  await bearing(`Bearer ${token}`);
});

/** Everything of an answer that may not differ between callers and moments. */
const comparable = ({ status, text, headers }: Answer) => {
  const { date: _date, 'x-request-id': _id, 'keep-alive': _alive, ...same } = headers;
  return { status, text, headers: same };
};

test('a movie that was read a moment ago is answered without asking the database', async () => {
  const { databaseCalls, status } = await observe(api, () => bearing(`Bearer ${token}`));

  expect({ status, databaseCalls }).toEqual({ status: 200, databaseCalls: 0 });
});

describe('an answer that is in memory goes to nobody else (API1, API2)', () => {
  const flip = (text: string, at: number): string =>
    `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
  const parts = () => token.split('.') as [string, string, string];

  test.each<[string, number, () => Promise<Answer>]>([
    ['without a token', 401, () => api.stranger('GET', path)],
    ['with a token that grants nothing', 403, () => api.nobody('GET', path)],
    ['with a token that only writes', 403, () => bearing(`Bearer ${writing}`)],
    [
      "with a reader's token whose signature has one changed letter",
      401,
      () => bearing(`Bearer ${flip(token, token.length - 10)}`),
    ],
    [
      "with a reader's token whose claims have one changed letter",
      401,
      () => bearing(`Bearer ${flip(token, parts()[0].length + 8)}`),
    ],
    [
      "with a reader's token without its signature",
      401,
      () => bearing(`Bearer ${parts().slice(0, 2).join('.')}.`),
    ],
    [
      "with a reader's claims under alg none",
      401,
      () => bearing(`Bearer ${assemble({ alg: 'none' }, forgery.claims())}`),
    ],
    [
      "with a reader's claims that somebody else signed",
      401,
      async () => bearing(`Bearer ${await forgery.sign({ kid: forgery.publicKey.kid })}`),
    ],
    ["with the beginning of a reader's token", 401, () => bearing(`Bearer ${token.slice(0, -1)}`)],
    ["with a reader's token and more", 401, () => bearing(`Bearer ${token}A`)],
    ["with a reader's token as a password", 401, () => bearing(`Basic ${token}`)],
    [
      "with a reader's token in a cookie",
      401,
      () => api.stranger('GET', path, { headers: { cookie: `authorization=Bearer ${token}` } }),
    ],
    ["with a reader's token in the address", 401, () => api.stranger('GET', `${path}?access_token=${token}`)],
    [
      "with a reader's token in X-Forwarded-Authorization",
      401,
      () => api.stranger('GET', path, { headers: { 'x-forwarded-authorization': `Bearer ${token}` } }),
    ],
  ])('%s it is refused with %d', async (_what, status, attempt) => {
    // The second time its token is known, too.
    await attempt();
    const seen = await observe(api, attempt);

    expect(seen).toMatchObject({ status, databaseCalls: 0 });
    expect(JSON.stringify(seen)).not.toContain('"title":"Rush"');
  });
});

describe('no header that is not part of the question changes what is kept (API8)', () => {
  const plain = () => bearing(`Bearer ${token}`);

  test.each<[string, Readonly<Record<string, string>>]>([
    ['Host', { host: 'attacker.example' }],
    ['X-Forwarded-Host', { 'x-forwarded-host': 'attacker.example' }],
    ['X-Forwarded-Proto', { 'x-forwarded-proto': 'https' }],
    ['X-Original-URL', { 'x-original-url': '/movies/1972/Other' }],
    ['X-Rewrite-URL', { 'x-rewrite-url': '/movies/1972/Other' }],
    ['X-HTTP-Method-Override', { 'x-http-method-override': 'DELETE' }],
    ['Accept-Language', { 'accept-language': 'xx' }],
    ['Accept-Encoding', { 'accept-encoding': 'gzip, br' }],
    ['Origin', { origin: 'https://attacker.example' }],
    ['Cookie', { cookie: 'session=of-somebody-else' }],
    ['User-Agent', { 'user-agent': '<script>alert(1)</script>' }],
    ['Range', { range: 'bytes=0-3' }],
    ['X-Request-Id', { 'x-request-id': 'attacker' }],
    ['Forwarded', { forwarded: 'host=attacker.example' }],
  ])('%s changes neither its own answer nor the next', async (_name, headers) => {
    const before = comparable(await plain());

    const asked = comparable(await bearing(`Bearer ${token}`, headers));

    expect(asked).toEqual(before);
    expect(comparable(await plain())).toEqual(before);
  });

  test('a missing movie that was asked for under a false Host is not answered with it to the next', async () => {
    const missing = (headers = {}) =>
      createClient(api.port, { authorization: `Bearer ${token}`, ...headers })('GET', '/movies/2013/Missing');
    await missing({ host: 'attacker.example' });

    const next = await missing();

    expect(next.status).toBe(404);
    expect(`${next.text}${JSON.stringify(next.headers)}`).not.toContain('attacker.example');
  });
});

describe('what only looks like the question is not answered from memory (API8)', () => {
  test.each<[string, string, number]>([
    ['another spelling', '/movies/2013/rush', 404],
    ['another year', '/movies/2014/Rush', 404],
    ['a year with a zero in front', '/movies/02013/Rush', 400],
    ['a null byte', '/movies/2013/Rush%00', 404],
    ['a letter that is encoded twice', '/movies/2013/%2552ush', 404],
    ['a question nobody knows', `${path}?cache=1`, 400],
    ['one slash too many', `/${path}`, 404],
    ['a slash at the end', `${path}/`, 404],
    ['a step back', '/movies/2013/x/../Rush', 404],
    ['half a code', '/movies/2013/Rush%', 400],
    ['an ending like a picture', `${path}.png`, 404],
  ])('%s', async (_what, asked, status) => {
    const answer = await api.reader('GET', asked);

    expect(answer.status).toBe(status);
  });

  test('a movie that was removed is gone for readers at once', async () => {
    const body = aMovie({ title: 'Removed' });
    await api.writer('POST', '/movies', { body });
    await api.reader('GET', '/movies/2013/Removed');
    const { headers } = await api.reader('GET', '/movies/2013/Removed');
    await api.writer('DELETE', '/movies/2013/Removed', { headers: { 'if-match': headers.etag ?? '' } });

    expect((await api.reader('GET', '/movies/2013/Removed')).status).toBe(404);
  });
});
