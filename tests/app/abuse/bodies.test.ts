import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Api, startApi } from '../../support/api.ts';
import { aMovie } from '../../support/movies.ts';
import { exchange, observe, raw, statuses } from './attacker.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
  await api.writer('POST', '/movies', { body: aMovie() });
});
afterAll(() => api.stop());

const json = 'application/json';
const post = (body: unknown, headers: Record<string, string> = {}) =>
  observe(api, () => api.writer('POST', '/movies', { body, headers: { 'content-type': json, ...headers } }));
const tooLarge = { status: 413, detail: 'The body is larger than 100 kB.', databaseCalls: 0 };
const million = Buffer.from(JSON.stringify(aMovie({ info: { note: 'x'.repeat(50_000_000) } })));
const typed = (type: string) => ({ 'content-type': type });
const coded = (coding: string) => ({ 'content-encoding': coding });
const utf16 = Buffer.from(JSON.stringify(aMovie({ title: 'X' })), 'utf16le');
const notUtf8 = 'The body must be in UTF-8.';
const noJson = 'The body is not valid JSON.';
const noYear = 'body /year: must be integer.';
const tooDeep = 'Objects and lists nest more than 30 levels deep.';
const infinite = "The number 1e400 can't be kept to the digit: it would become Infinity. Send it as a text.";
const within = (info: string) => `{"year":2013,"title":"Bomb","info":${info}}`;

describe('bombs (API4)', () => {
  test.each<[string, string, (bytes: Buffer) => Buffer]>([
    ['gzip', 'gzip', gzipSync],
    ['deflate', 'deflate', deflateSync],
    ['Brotli', 'br', (bytes) => brotliCompressSync(bytes.subarray(0, 10_000_000))],
  ])('50 MB that are small as %s are not unpacked beyond 100 kB', async (_what, coding, compress) => {
    const before = process.memoryUsage().rss;

    const answer = await post(compress(million), { 'content-encoding': coding });

    expect(answer).toEqual(tooLarge);
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000);
  });

  test.each<[string, () => Buffer, Record<string, string>, number, string]>([
    [
      'gzip in gzip',
      () => gzipSync(gzipSync('{}')),
      coded('gzip, gzip'),
      415,
      'The Content-Encoding of the body is not supported.',
    ],
    [
      'gzip that ends too early',
      () => gzipSync(JSON.stringify(aMovie())).subarray(0, 60),
      coded('gzip'),
      400,
      'The body could not be read.',
    ],
    ['UTF-7', () => Buffer.from('+AHs-+AH0-'), typed('application/json; charset=utf-7'), 415, notUtf8],
    ['UTF-16', () => utf16, typed('application/json; charset=utf-16le'), 415, notUtf8],
    ['UTF-32', () => Buffer.from('{}'), typed('application/json; x=y; charset="utf-32"'), 415, notUtf8],
    ['UTF-16 that is not announced', () => utf16, {}, 400, noJson],
    [
      'a form',
      () => Buffer.from('year=2013&title=X'),
      typed('application/x-www-form-urlencoded'),
      415,
      'The body is application/x-www-form-urlencoded. It must be application/json.',
    ],
    [
      'XML with an entity',
      () => Buffer.from('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'),
      typed('application/xml'),
      415,
      'The body is application/xml. It must be application/json.',
    ],
  ])('%s is refused', async (_what, body, headers, status, detail) => {
    const answer = await post(body(), headers);

    expect(answer).toMatchObject({ status, detail, databaseCalls: 0 });
  });

  test.each<[string, string]>([
    ['100,001 bytes', 'x'.repeat(100_001)],
    ['a million zeros', within(`{"x":[${'0,'.repeat(1_000_000)}0]}`)],
  ])('%s are refused', async (_what, body) => {
    expect(await post(body)).toEqual(tooLarge);
  });

  test('100,001 bytes in chunks, which announce no length, are refused', async () => {
    const received = await exchange(
      { port: api.port },
      raw(
        [
          'POST /movies HTTP/1.1',
          'Host: api',
          `Authorization: Bearer ${await api.issuer.token('movies/write')}`,
          `Content-Type: ${json}`,
          'Transfer-Encoding: chunked',
          'Connection: close',
        ],
        `186a1\r\n${'x'.repeat(100_001)}\r\n0\r\n\r\n`,
      ),
    );

    expect(statuses(received)).toEqual([413]);
  });

  test.each<[string, string, string]>([
    ['49,000 lists within each other', within(`{"x":${'['.repeat(49_000)}${']'.repeat(49_000)}}`), tooDeep],
    [
      '9,000 objects within each other',
      within(`{"x":${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}}`),
      tooDeep,
    ],
    [
      '30,000 genres',
      within(`{"genres":[${'"",'.repeat(30_000)}""]}`),
      'body /info/genres: must NOT have more than 500 items.',
    ],
    ['a number beyond doubles', within('{"rating":1e400}'), infinite],
    ['such a number where any is allowed', within('{"x":1e400}'), infinite],
    [
      'a number too small',
      within('{"x":1e-200}'),
      'The number 1e-200 is outside of what the table can hold (1e-130 to 9.99e125).',
    ],
    ['NaN', within('{"rating":NaN}'), noJson],
    ['a hexadecimal number', within('{"rating":0x8}'), noJson],
    ['a number with a leading zero', within('{"rating":08}'), noJson],
    ['a number in quotes', within('{"rating":"8"}'), 'body /info/rating: must be number.'],
    ['a year in quotes', '{"year":"2013","title":"X","info":{}}', noYear],
    ['a year with a fraction', '{"year":2013.5,"title":"X","info":{}}', noYear],
    ['a year that is a list', '{"year":[2013],"title":"X","info":{}}', noYear],
    [
      'a title that is an object',
      '{"year":2013,"title":{"S":"X"},"info":{}}',
      'body /title: must be string.',
    ],
    ['code instead of JSON', '(function(){return 1})()', noJson],
    ['a second document', `${within('{}')}{"year":1}`, noJson],
    ['a comment', `/* */${within('{}')}`, noJson],
  ])('%s is refused', async (_what, body, detail) => {
    expect(await post(body)).toMatchObject({ status: 400, detail, databaseCalls: 0 });
  });

  test('the longest list that fits into 100 kB is handled in time, and the service goes on', async () => {
    const startedAt = performance.now();

    const { status } = await post(within(`{"x":[${'0,'.repeat(45_000)}0]}`).replace('Bomb', 'List'));
    const live = await api.stranger('GET', '/healthz');

    expect([status, live.status]).toEqual([201, 200]);
    // A bound on a hang; a busy machine takes twenty seconds.
    expect(performance.now() - startedAt).toBeLessThan(120_000);
  });
});

describe('prototypes (API3)', () => {
  const isClean = () => !('polluted' in {}) && Object.keys(Object.prototype).length === 0;

  test.each<[string, string, string]>([
    ['__proto__', '{"year":2013,"title":"P","info":{},"__proto__":{"polluted":1}}', '__proto__'],
    [
      'constructor',
      '{"year":2013,"title":"P","info":{},"constructor":{"prototype":{"polluted":1}}}',
      'constructor',
    ],
    ['toString', '{"year":2013,"title":"P","info":{},"toString":1}', 'toString'],
  ])('%s is no attribute of a movie', async (_what, body) => {
    const answer = await post(body);

    expect(answer).toMatchObject({ status: 400, databaseCalls: 0 });
    expect(isClean()).toBe(true);
  });

  test.each<[string, string]>([
    ['__proto__', '{"__proto__":{"polluted":1}}'],
    ['a deep __proto__', '{"a":{"b":[{"__proto__":{"polluted":1}}]}}'],
  ])('%s within info is refused, in a body and in a patch', async (_what, info) => {
    const refused = { status: 400, detail: 'An attribute must not be called __proto__.' };

    const created = await post(within(info));
    const patched = await observe(api, () =>
      api.writer('PATCH', '/movies/2013/Rush', { body: `{"info":${info}}` }),
    );
    const read = await api.reader('GET', '/movies/2013/Rush');

    expect([created, patched]).toMatchObject([refused, refused]);
    expect(read.json).toEqual(aMovie());
    expect(isClean()).toBe(true);
  });

  test('constructor.prototype within info is a name like any other, in a body and in a patch', async () => {
    const info = '{"constructor":{"prototype":{"polluted":1}}}';

    const created = await api.writer('POST', '/movies', { body: within(info) });
    const patched = await api.writer('PATCH', '/movies/2013/Bomb', { body: `{"info":${info}}` });
    const read = await api.reader('GET', '/movies/2013/Bomb');

    expect([created.status, patched.status, read.status]).toEqual([201, 200, 200]);
    expect(read.text).toBe(within(info));
    expect(read.headers.etag).toBe(created.headers.etag);
    expect(isClean()).toBe(true);
  });

  test.each([
    '__proto__=1',
    '__proto__[polluted]=1',
    'constructor[prototype][polluted]=1',
    'year[__proto__]=1',
    'toString=1',
  ])('%s in a query is refused', async (query) => {
    const answer = await observe(api, () => api.reader('GET', `/movies?${query}`));

    expect(answer).toMatchObject({ status: 400, errors: [{ in: 'query' }], databaseCalls: 0 });
    expect(isClean()).toBe(true);
  });
});

describe('attributes that are not for callers (API3)', () => {
  test.each([
    ['revision', { revision: 'x' }],
    ['the copied rating', { rating: 9 }],
    ['an identity', { id: 1, owner: 'me' }],
  ])('%s is not set from outside', async (_what, extra) => {
    const answer = await post({ ...aMovie({ title: 'Mass' }), ...extra });

    expect(answer).toMatchObject({ status: 400, databaseCalls: 0 });
  });

  test.each([
    ['title', { title: 'Stolen' }],
    ['year', { year: 2014 }],
  ])('a patch does not move a movie by its %s', async (field, change) => {
    const answer = await observe(api, () =>
      api.writer('PATCH', '/movies/2013/Rush', { body: { ...change, info: {} } }),
    );

    expect(answer).toMatchObject({
      status: 400,
      errors: [{ in: 'body', field: `/${field}` }],
      databaseCalls: 0,
    });
  });
});
