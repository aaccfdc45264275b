import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Api, startApi } from '../../support/api.ts';
import type { Answer, Call } from '../../support/client.ts';
import { aMovie } from '../../support/movies.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const calls: Readonly<Record<string, Call>> = {
  GET: {},
  HEAD: {},
  PUT: { body: { info: { rank: 1 } } },
  PATCH: { body: { info: { rank: 1 } } },
  DELETE: {},
};
const methods = ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE'] as const;
type Method = (typeof methods)[number];
type Statuses = readonly number[];

let titles = 0;
/** Asks for a movie of its own, with headers that know its tag. PUT has to bring If-Match, which stands for itself here. */
async function ask(
  method: Method,
  headers: (tag: string) => Record<string, string>,
): Promise<Answer & { readonly isAsItWas: boolean }> {
  const title = `Movie ${(titles += 1)}`;
  const { headers: created } = await api.writer('POST', '/movies', { body: aMovie({ title }) });
  const tag = created.etag ?? '';
  const address = `/movies/2013/${encodeURIComponent(title)}`;
  const needed: Record<string, string> = method === 'PUT' ? { 'if-match': '*' } : {};
  const answer = await api.writer(method, address, {
    ...calls[method],
    headers: { ...needed, ...headers(tag) },
  });
  const after = await api.reader('GET', address, { headers: { 'cache-control': 'no-cache' } });
  return { ...answer, isAsItWas: after.headers.etag === tag };
}

const done: Statuses = [200, 200, 200, 200, 204];
const failed: Statuses = [412, 412, 412, 412, 412];
const unchanged: Statuses = [304, 304, 412, 412, 412];
const malformed: Statuses = [400, 400, 400, 400, 400];
/** RFC 9110, section 13: a header, and what each method answers. */
const table: [header: string, value: string, given: (tag: string) => Record<string, string>, Statuses][] = [
  ['If-Match', 'the tag', (tag) => ({ 'if-match': tag }), done],
  ['If-Match', 'a list with the tag', (tag) => ({ 'if-match': `"a",, W/"b" , ${tag},` }), done],
  ['If-Match', '*', () => ({ 'if-match': '*' }), done],
  ['If-Match', 'another tag', () => ({ 'if-match': '"AAAAAAAAAAAAAAAAAAAAAA"' }), failed],
  ['If-Match', 'a tag that could be none of ours', () => ({ 'if-match': '"any"' }), failed],
  ['If-Match', 'the asterisk in quotes', () => ({ 'if-match': '"*"' }), failed],
  ['If-Match', 'a list without the tag', () => ({ 'if-match': '"a", "b"' }), failed],
  ['If-Match', 'the tag as a weak one', (tag) => ({ 'if-match': `W/${tag}` }), failed],
  ['If-Match', 'no tag', () => ({ 'if-match': 'nonsense' }), malformed],
  ['If-Match', 'commas alone', () => ({ 'if-match': ', ,' }), malformed],
  ['If-None-Match', 'the tag', (tag) => ({ 'if-none-match': tag }), unchanged],
  ['If-None-Match', 'the tag as a weak one', (tag) => ({ 'if-none-match': `W/${tag}` }), unchanged],
  ['If-None-Match', 'a list with the tag', (tag) => ({ 'if-none-match': `"a", ${tag}` }), unchanged],
  ['If-None-Match', '*', () => ({ 'if-none-match': '*' }), unchanged],
  ['If-None-Match', 'another tag', () => ({ 'if-none-match': '"other"' }), done],
  [
    'If-None-Match',
    'a list of 80',
    () => ({ 'if-none-match': '"AAAAAAAAAAAAAAAAAAAAAA", '.repeat(80) }),
    done,
  ],
  ['If-None-Match', 'two tags without a comma', (tag) => ({ 'if-none-match': `${tag} ${tag}` }), malformed],
  ['both', 'the tag and another', (tag) => ({ 'if-match': tag, 'if-none-match': '"b"' }), done],
  ['both', 'the tag and *', (tag) => ({ 'if-match': tag, 'if-none-match': '*' }), unchanged],
  ['both', 'another tag and *', () => ({ 'if-match': '"b"', 'if-none-match': '*' }), failed],
  [
    'If-Modified-Since',
    'a day to come',
    () => ({ 'if-modified-since': 'Fri, 01 Jan 2100 00:00:00 GMT' }),
    done,
  ],
  [
    'If-Unmodified-Since',
    'a day long ago',
    () => ({ 'if-unmodified-since': 'Sat, 01 Jan 2000 00:00:00 GMT' }),
    done,
  ],
  ['If-Range', 'the tag', (tag) => ({ 'if-range': tag, range: 'bytes=0-1' }), done],
];
const cases = table.flatMap(([header, value, given, statuses]) =>
  methods.map((method, at) => [method, header, value, statuses[at] ?? 0, given] as const),
);

describe('a precondition', () => {
  test.each(cases)('of %s by %s: %s gets %d', async (method, _header, _value, status, given) => {
    const answer = await ask(method, given);

    const isChange = method !== 'GET' && method !== 'HEAD' && status < 300;
    expect({ status: answer.status, isAsItWas: answer.isAsItWas }).toEqual({ status, isAsItWas: !isChange });
    expect(answer.text === '').toBe([304, 204].includes(status) || method === 'HEAD');
  });

  test.each(methods)('of %s means nothing where there is no movie: 404', async (method) => {
    const conditions = [
      { 'if-match': '*' },
      { 'if-match': '"a"' },
      { 'if-match': '*', 'if-none-match': '*' },
    ];

    const answers = await Promise.all(
      conditions.map((headers) => api.writer(method, '/movies/1999/Absent', { ...calls[method], headers })),
    );

    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
  });

  test('is required of PUT, whatever If-None-Match says', async () => {
    const headers = { 'if-none-match': '*' };

    const answer = await api.writer('PUT', '/movies/1999/Absent', { body: { info: {} }, headers });

    expect(answer).toMatchObject({
      status: 428,
      json: { errors: [{ in: 'header', field: 'If-Match', message: 'is required' }] },
    });
  });
});
