import { METHODS } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Api, startApi } from '../../support/api.ts';
import { startApiProcess } from '../../support/processes.ts';
import { createClient } from '../../support/client.ts';
import { aMovie } from '../../support/movies.ts';
import { exchange, raw } from './attacker.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi({ MAX_REQUESTS_IN_FLIGHT: '20000' });
});
afterAll(() => api.stop());

/** What somebody writes who wants to be read as a line of the log, or to move a terminal's cursor. */
const forged = '\r\n{"level":"fatal","msg":"forged"}\u001b[2J\u2028\u0085';
const injections: [
  string,
  (id: string) => { method: string; path: string; headers?: Record<string, string>; body?: unknown },
][] = [
  ['a title in a path', () => ({ method: 'GET', path: `/movies/2013/${encodeURIComponent(forged)}` })],
  ['a title in a query', () => ({ method: 'GET', path: `/movies?title=${encodeURIComponent(forged)}` })],
  ['a title in a body', () => ({ method: 'POST', path: '/movies', body: aMovie({ title: forged }) })],
  [
    'a title of the first version',
    () => ({ method: 'POST', path: `/movies/?year=2013&title=${encodeURIComponent(`x${forged}`)}` }),
  ],
  ['a year', () => ({ method: 'GET', path: `/movies/${encodeURIComponent(forged)}/x` })],
  ['the name of a parameter', () => ({ method: 'GET', path: `/movies?${encodeURIComponent(forged)}=1` })],
  ['a path', () => ({ method: 'GET', path: `/${encodeURIComponent(forged)}` })],
  ['a body that is no JSON', () => ({ method: 'POST', path: '/movies', body: `{"x": ${forged}` })],
  ['a cursor', () => ({ method: 'GET', path: `/movies?cursor=${encodeURIComponent(forged)}` })],
  [
    'a user agent',
    () => ({ method: 'GET', path: '/movies', headers: { 'user-agent': 'x\tforged ${jndi:ldap://a}' } }),
  ],
  [
    'a trace',
    () => ({ method: 'GET', path: '/movies', headers: { traceparent: 'forged', tracestate: 'forged="}' } }),
  ],
  ['an If-Match', () => ({ method: 'DELETE', path: '/movies/2013/x', headers: { 'if-match': '"forged"}' } })],
];

describe('log lines that callers would like to write (API8)', () => {
  let output: string;
  let token: string;
  beforeAll(async () => {
    const service = startApiProcess({
      TABLE_NAME: api.table.name,
      DYNAMODB_ENDPOINT: api.database.endpoint,
      OIDC_ISSUER: api.issuer.issuer,
      OIDC_AUDIENCE: api.issuer.audience,
      CURSOR_SECRETS: 'hush-hush-hush-hush-hush-hush-hush-hush',
      DRAIN_DELAY_MS: '0',
      // Node's own remarks are for people who develop.
      NODE_NO_WARNINGS: '1',
    });
    const { port } = await service.listening;
    token = await api.issuer.token('movies/read movies/write');
    const send = createClient(port, { authorization: `Bearer ${token}` });
    for (const [at, [, request]] of injections.entries()) {
      const { method, path, headers, body } = request(idOf(at));
      await send(method, path, { headers: { 'x-request-id': idOf(at), ...headers }, body });
    }
    api.database.mood = 'broken';
    await send('GET', `/movies/2013/${encodeURIComponent(forged)}`, {
      headers: { 'x-request-id': 'failing-request' },
    });
    api.database.mood = 'well';
    for (const id of ['forged\u0085id', 'a"b}forged', 'x'.repeat(65), '{"forged":1}']) {
      await exchange(
        { port },
        raw(['GET / HTTP/1.1', 'Host: a', `X-Request-Id: ${id}`, 'Connection: close']),
      );
    }
    service.signal('SIGTERM');
    ({ output } = await service.ended);
  });
  const idOf = (at: number) => `injection-${at}`;
  const lines = () =>
    output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  test('no line names anything twice, of which readers would take either', () => {
    const read = lines().map((line) => JSON.stringify(line));

    expect(output.trimEnd().split('\n')).toEqual(read);
  });

  test.each(injections.map(([what], at) => [what, at] as const))(
    '%s leaves one line, and nothing of itself in it',
    (_what, at) => {
      const found = lines().filter(({ requestId }) => requestId === idOf(at));

      expect(found).toEqual([
        {
          level: 'info',
          time: expect.any(String),
          service: 'mvdb-api',
          version: expect.any(String),
          requestId: idOf(at),
          traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
          method: expect.stringMatching(/^[A-Z]+$/),
          route: expect.stringMatching(/^(unmatched|[\w/{}]+)$/),
          status: expect.any(Number),
          durationMs: expect.any(Number),
          msg: 'request',
        },
      ]);
    },
  );

  test('an error leaves one line that quotes no caller', () => {
    const found = lines().filter(({ requestId }) => requestId === 'failing-request');

    expect(found).toEqual([expect.objectContaining({ level: 'warn', status: 503 })]);
  });

  test('a made-up request id that could do harm is replaced', () => {
    expect(output).not.toMatch(/forged/);
  });

  test('no token, no part of one, no secret and no control character is in the log', () => {
    const [, claims = '', signature = ''] = token.split('.');

    expect(
      [claims, signature, 'hush', 'Bearer', 'authorization'].filter((secret) => output.includes(secret)),
    ).toEqual([]);
    // eslint-disable-next-line no-control-regex -- these are what it is about
    expect(output).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028]/);
  });
});

describe('labels that callers would like to grow (API4)', () => {
  test('10,000 distinct paths, agents, hosts and all methods add no series', async () => {
    const methods = METHODS.filter((method) => method !== 'CONNECT');
    const request = (at: number) =>
      raw([
        `${methods[at % methods.length] ?? 'GET'} /${['', 'movies/', 'movies/2013/', 'api/docs/'][at % 4] ?? ''}made-up-${at}?q${at}=${at} HTTP/1.1`,
        `Host: h${at}.example`,
        `User-Agent: agent/${at}`,
        `X-Forwarded-For: 10.0.${at % 256}.${at >> 8}`,
        `traceparent: 00-${at.toString(16).padStart(32, '1')}-00f067aa0ba902b7-01`,
      ]);
    const flood = async (from: number, count: number) => {
      const all = Array.from({ length: count }, (_, at) => request(from + at)).join('');
      await exchange(
        { port: api.port },
        `${all}${raw(['GET /version HTTP/1.1', 'Host: a', 'Connection: close'])}`,
      );
    };
    const series = async () =>
      (await api.metrics('GET', '/metrics')).text.match(/^(http|dynamodb)_\w+(\{[^}]*\})? /gm)?.length;
    const counted = async () => {
      const { text } = await api.metrics('GET', '/metrics');
      const counts = text.match(/(?<=^http_request_duration_seconds_count\{.*\} )\d+$/gm) ?? [];
      return counts.reduce((sum, count) => sum + Number(count), 0);
    };
    await flood(0, 4 * methods.length);
    const [before, countedBefore] = [await series(), await counted()];

    for (let round = 1; round <= 20; round += 1) await flood(round * 1_000, 500);

    expect(await counted()).toBeGreaterThanOrEqual(countedBefore + 10_000);
    expect(await series()).toBe(before);
  });

  test('made-up content types and answers that are asked for make the service keep nothing', async () => {
    const attempts = Array.from({ length: 200 }, (_, at) =>
      api.writer('POST', '/movies', { body: '{}', headers: { 'content-type': `application/x${at}+json` } }),
    );

    const got = await Promise.all(attempts);

    expect(new Set(got.map(({ status }) => status))).toEqual(new Set([415]));
  });
});
