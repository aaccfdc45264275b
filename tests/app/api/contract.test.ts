import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readContract } from '../../../app/src/http/contract.ts';
import { generateContract } from '../../../tools/release/contract-types.ts';
import { type Api, startApi } from '../../support/api.ts';
import type { Answer, Call, Send } from '../../support/client.ts';
import { aMovie } from '../../support/movies.ts';

const contract = readContract();
/** Refused before any operation is known: tests/app/abuse/requests.test.ts has each of them. */
const anywhere = new Set(['408', '417', '431', '501']);
const promises = Object.entries(contract.paths).flatMap(([path, item]) =>
  Object.entries(item).flatMap(([method, operation]) =>
    'responses' in operation
      ? Object.keys(operation.responses)
          .filter((status) => !anywhere.has(status))
          .map((status) => `${method.toUpperCase()} ${path} ${status}`)
      : [],
  ),
);

/** Each request is given a second: a busy machine needs some of it. */
const impatient = { DYNAMODB_TIMEOUT_MS: '1000', DYNAMODB_MAX_ATTEMPTS: '1' };

let api: Api;
let busy: Api;
let hasty: Api;
beforeAll(async () => {
  // What is remembered needs no database, and these provocations break it.
  api = await startApi({ ...impatient, DYNAMODB_TIMEOUT_MS: '9000', MOVIE_CACHE_TTL_MS: '0' });
  // Nobody fits in: the health check is the only one that is let through.
  busy = await startApi({ ...impatient, MAX_REQUESTS_IN_FLIGHT: '1' });
  // Its database is silent: the sooner it is given up, the better.
  hasty = await startApi({ ...impatient, DYNAMODB_TIMEOUT_MS: '100' });
  hasty.database.mood = 'silent';
});
afterAll(() => Promise.all([api.stop(), busy.stop(), hasty.stop()]));

const movie = '/movies/2013/Provoked';
const wrapped = '/movies/?year=2013&title=Provoked';
const merge = { 'content-type': 'application/merge-patch+json' };
const body = { info: { rating: 1 } };
const oversize = { body: 'x'.repeat(100_001) };
const html = { headers: { accept: 'text/html' } };

const stored = () => api.writer('POST', '/movies', { body: aMovie({ title: 'Provoked' }) });
const absent = () => api.writer('DELETE', movie);
const removed = (path: string) => api.writer('DELETE', path);

async function inMood(mood: Api['database']['mood'], send: () => Promise<Answer>): Promise<Answer> {
  api.database.mood = mood;
  try {
    return await send();
  } finally {
    api.database.mood = 'well';
  }
}

/** While one request hangs at the database, no other fits in. */
async function whileFull(send: () => Promise<Answer>): Promise<Answer> {
  busy.database.mood = 'silent';
  const held = busy.reader('GET', movie);
  await busy.database.nextCall();
  const answer = await send();
  busy.database.mood = 'well';
  await held;
  return answer;
}

test('one request too many is refused before anybody looks at its token', async () => {
  expect(await whileFull(() => busy.stranger('GET', movie))).toMatchObject({ status: 503 });
});

/** Load never makes the balancer's check fail; only a stop does. */
async function whileStopping(): Promise<Answer> {
  const leaving = await startApi({ DRAIN_DELAY_MS: '1000' });
  const stopped = leaving.stop();
  const answer = await leaving.stranger('GET', '/healthz');
  await stopped;
  return answer;
}

/** The answers that every operation on movies has in common. */
const common = (method: string, path: string, call: Call = {}): Record<number, () => Promise<Answer>> => ({
  400: () => api.writer(method, `${path}${path.includes('?') ? '&' : '?'}nonsense=1`, call),
  401: () => api.stranger(method, path, call),
  403: () => (method === 'GET' ? api.nobody : api.reader)(method, path, call),
  406: () => api.writer(method, path, { ...call, headers: { ...call.headers, ...html.headers } }),
  503: () => inMood('throttling', () => api.writer(method, path, call)),
  504: () => hasty.writer(method, path, call),
});

const open = (method: string, path: string, status = 200): Record<number, () => Promise<Answer>> => ({
  [status]: () => api.stranger(method, path),
  400: () => api.stranger(method, `${path}?nonsense=1`),
  503: () => whileFull(() => busy.stranger(method, path)),
});

const any = { 'if-match': '*' };
const stale = { 'if-match': '"stale"' };
const text = { body: 'text', headers: { 'content-type': 'text/plain' } };
const many = async (send: Send): Promise<Answer> => {
  const patience = 60;
  api.database.conflicts = patience;
  const answer = await send('PATCH', movie, { body });
  const attempts = patience - api.database.conflicts;
  api.database.conflicts = 0;
  if (attempts === patience)
    throw new Error(
      `PATCH wrote ${patience} times while somebody else was faster each time, and did not give up: ` +
        'it must answer 409 after maxUpdateAttempts (app/src/dynamo/repository.ts).',
    );
  return answer;
};

const provocations: Record<string, Record<number, () => Promise<Answer>>> = {
  'GET /': open('GET', '/'),
  'GET /version': open('GET', '/version'),
  'GET /openapi.json': open('GET', '/openapi.json'),
  'GET /static/swagger.json': open('GET', '/static/swagger.json'),
  ...Object.fromEntries(
    ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].map((method) => [`${method} /echo`, open(method, '/echo')]),
  ),
  'GET /healthz': { ...open('GET', '/healthz'), 503: whileStopping },
  'GET /readyz': {
    ...open('GET', '/readyz'),
    503: () => {
      busy.database.mood = 'broken';
      return busy.stranger('GET', '/readyz');
    },
  },
  'GET /movies': { ...common('GET', '/movies'), 200: () => api.reader('GET', '/movies') },
  'POST /movies': {
    ...common('POST', '/movies', { body: aMovie({ title: 'Provoked' }) }),
    201: () => absent().then(stored),
    409: () => stored().then(stored),
    413: () => api.writer('POST', '/movies', oversize),
    415: () => api.writer('POST', '/movies', text),
  },
  'GET /movies/{year}/{title}': {
    ...common('GET', movie),
    200: () => stored().then(() => api.reader('GET', movie)),
    304: () => stored().then(() => api.reader('GET', movie, { headers: { 'if-none-match': '*' } })),
    404: () => api.reader('GET', '/movies/2013/Nowhere'),
    412: () => stored().then(() => api.reader('GET', movie, { headers: stale })),
  },
  'PUT /movies/{year}/{title}': {
    ...common('PUT', movie, { body, headers: any }),
    200: () => stored().then(() => api.writer('PUT', movie, { body, headers: any })),
    404: () => api.writer('PUT', '/movies/2013/Nowhere', { body, headers: any }),
    412: () => stored().then(() => api.writer('PUT', movie, { body, headers: stale })),
    413: () => api.writer('PUT', movie, { ...oversize, headers: any }),
    415: () => api.writer('PUT', movie, text),
    428: () => api.writer('PUT', movie, { body }),
  },
  'PATCH /movies/{year}/{title}': {
    ...common('PATCH', movie, { body, headers: merge }),
    200: () => stored().then(() => api.writer('PATCH', movie, { body, headers: merge })),
    404: () => api.writer('PATCH', '/movies/2013/Nowhere', { body }),
    409: () => stored().then(() => many(api.writer)),
    412: () => stored().then(() => api.writer('PATCH', movie, { body, headers: stale })),
    413: () => api.writer('PATCH', movie, oversize),
    415: () => api.writer('PATCH', movie, text),
  },
  'DELETE /movies/{year}/{title}': {
    ...common('DELETE', movie),
    204: () => stored().then(() => removed(movie)),
    404: () => removed('/movies/2013/Nowhere'),
    412: () => stored().then(() => api.writer('DELETE', movie, { headers: stale })),
  },
  'GET /movies/': {
    ...common('GET', wrapped),
    200: () => stored().then(() => api.reader('GET', wrapped)),
    404: () => api.reader('GET', '/movies/?year=2013&title=Nowhere'),
  },
  'POST /movies/': {
    ...common('POST', wrapped),
    200: () => absent().then(() => api.writer('POST', wrapped)),
    409: () => stored().then(() => api.writer('POST', wrapped)),
  },
};

describe('the contract', () => {
  test('what is made from it is current (`npm run types`)', async () => {
    const made = await generateContract();

    const committed = await Promise.all(made.map(({ file }) => readFile(file, 'utf8')));

    expect(committed).toEqual(made.map(({ content }) => content));
  });

  test.each(promises)('%s happens, and as promised', async (promise) => {
    const [method = '', path = '', status = ''] = promise.split(' ');

    const answer = await provocations[`${method} ${path}`]?.[Number(status)]?.();

    expect(answer).toMatchObject(expected(Number(status)));
  });
});

/** Bodies of successes are checked by the service itself, which answers 500 here otherwise; problems look the same everywhere. */
const expected = (status: number): object =>
  status < 400
    ? { status }
    : {
        status,
        json: { type: 'about:blank', status, requestId: expect.stringMatching(/^[\w-]{36}$/) },
        headers: { 'content-type': 'application/problem+json; charset=utf-8', ...extraHeaders[status] },
      };

const extraHeaders: Readonly<Record<number, object>> = {
  401: { 'www-authenticate': 'Bearer realm="movies"' },
  403: { 'www-authenticate': expect.stringContaining('error="insufficient_scope"') },
  503: { 'retry-after': '1' },
};
