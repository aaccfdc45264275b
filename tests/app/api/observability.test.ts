import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Api, startApi } from '../../support/api.ts';

let api: Api;
beforeAll(async () => {
  // Each read is to reach the database, which is watched here.
  api = await startApi({ MOVIE_CACHE_TTL_MS: '0' });
});
afterAll(() => api.stop());

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
const line = (requestId: string) => api.log.filter((entry) => entry['requestId'] === requestId);
const metrics = async () => (await api.metrics('GET', '/metrics')).text;

describe('the log', () => {
  test('has one line per request, with the template of its route instead of its address', async () => {
    await api.reader('GET', '/movies/2013/A%20secret%20title?nonsense=secret', {
      headers: { 'x-request-id': 'logged-request', traceparent },
    });

    expect(line('logged-request')).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        service: 'movies-api',
        version: '0',
        requestId: 'logged-request',
        traceId,
        method: 'GET',
        route: '/movies/{year}/{title}',
        status: 400,
        durationMs: expect.any(Number),
        msg: 'request',
      },
    ]);
  });

  test('says why an answer is an error, which the answer does not', async () => {
    api.database.mood = 'broken';
    await api.reader('GET', '/movies/2013/Rush', { headers: { 'x-request-id': 'failed-request' } });
    api.database.mood = 'well';

    expect(line('failed-request')).toEqual([
      expect.objectContaining({
        level: 'warn',
        status: 503,
        err: expect.objectContaining({
          type: 'Unavailable',
          cause: expect.objectContaining({ type: 'ResourceNotFoundException' }),
        }),
      }),
    ]);
  });
});

describe('a trace', () => {
  test('of the caller goes on to the database, with this service as the parent', async () => {
    await api.reader('GET', '/movies/2013/Rush', { headers: { traceparent, tracestate: 'a=1' } });

    const passedOn = api.database.seen.at(-1);

    expect(passedOn).toMatchObject({
      traceparent: expect.stringMatching(new RegExp(`^00-${traceId}-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$`)),
      tracestate: 'a=1',
    });
  });

  test.each([
    ['missing', {}],
    ['malformed', { traceparent: 'nonsense' }],
    ['all zeros', { traceparent: `00-${'0'.repeat(32)}-00f067aa0ba902b7-01` }],
    ['of a forbidden version', { traceparent: `ff-${traceId}-00f067aa0ba902b7-01` }],
    ['too long for its version', { traceparent: `${traceparent}-more` }],
  ])('that is %s begins anew', async (_what, headers) => {
    await api.reader('GET', '/movies/2013/Rush', { headers });

    const passedOn = api.database.seen.at(-1);

    expect(passedOn?.['traceparent']).toMatch(
      new RegExp(`^00-(?!${traceId}|0{32})[0-9a-f]{32}-[0-9a-f]{16}-00$`),
    );
  });
});

describe('the metrics', () => {
  test.each([
    ['GET', '/metrics?job=movies', 200],
    ['GET', '/metrics/', 200],
    ['HEAD', '/metrics', 200],
    ['POST', '/metrics', 404],
    ['GET', '/metrics/x', 404],
  ])('%s %s of a scraper is answered by %i', async (method, path, status) => {
    expect((await api.metrics(method, path)).status).toBe(status);
  });

  test('are not on the public port, and nothing else is on theirs', async () => {
    const onPublicPort = await api.writer('GET', '/metrics');
    const elsewhere = await api.metrics('GET', '/movies');

    expect([onPublicPort.status, elsewhere.status]).toEqual([404, 404]);
  });

  test('count requests by route, method and class, and calls of the database by what they did', async () => {
    await api.reader('GET', '/movies/2013/Rush');

    const text = await metrics();

    expect(text).toMatch(
      /^http_request_duration_seconds_count\{route="\/movies\/\{year\}\/\{title\}",method="GET",status_class="4xx"\} \d/m,
    );
    expect(text).toMatch(/^dynamodb_call_duration_seconds_count\{operation="GetItem",outcome="ok"\} \d/m);
    expect(text).toMatch(/^dynamodb_consumed_capacity_units_total\{operation="GetItem"\} [\d.]+$/m);
    expect(text).toMatch(/^dynamodb_retries_total\{operation="GetItem"\} 0$/m);
    expect(text).toMatch(/^http_requests_in_flight 0$/m);
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
    expect(text).toMatch(/^process_resident_memory_bytes /m);
  });
});

test.each<[string, RequestListener, number, string]>([
  [
    'passes where the metrics say so',
    ({ url }, answer) => answer.writeHead(url === '/healthz' ? 200 : 404).end(),
    0,
    '',
  ],
  ['fails where they say 503', (_request, answer) => answer.writeHead(503).end(), 1, 'answered 503'],
  ['fails where they say nothing', () => undefined, 1, 'did not answer in 2000 ms'],
])('the health check of a container %s', async (_what, answer, code, says) => {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const env = { METRICS_PORT: String((server.address() as AddressInfo).port) };

  const [status, said] = await new Promise<[unknown, string]>((resolve) => {
    execFile(process.execPath, ['app/src/health-check.ts'], { env }, (error, _stdout, stderr) => {
      resolve([error?.code ?? 0, stderr]);
    });
  });
  server.closeAllConnections();
  server.close();

  expect([status, said]).toEqual([code, expect.stringContaining(says)]);
});
