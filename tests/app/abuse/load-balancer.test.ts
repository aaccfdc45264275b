import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type Api, startApi } from '../../support/api.ts';
import { eventually } from '../../support/eventually.ts';
import { describeWith, haproxy } from '../../support/requirements.ts';
import { exchange, raw, statuses } from './attacker.ts';

export interface LoadBalancer {
  /** The Unix socket that it listens on. */
  readonly path: string;
  stop(): Promise<void>;
}

/** HAProxy in front of a service, with connections to it that callers share: where smuggling would do its harm. */
async function startLoadBalancer(servicePort: number): Promise<LoadBalancer> {
  const directory = await mkdtemp(join(tmpdir(), 'load-balancer-'));
  const [configuration, path] = [join(directory, 'haproxy.cfg'), join(directory, 'public.sock')];
  await writeFile(
    configuration,
    `defaults
  mode http
  timeout connect 2s
  timeout client 4s
  timeout server 4s
  timeout http-request 1s
  http-reuse always
frontend public
  bind unix@${path}
  option forwardfor
  default_backend service
backend service
  server only 127.0.0.1:${servicePort} pool-max-conn 1
`,
  );
  const child = spawn('haproxy', ['-db', '-f', configuration], { stdio: 'ignore' });
  const ended = once(child, 'close');
  await eventually(
    async () => {
      const probe = connect({ path });
      await once(probe, 'connect');
      probe.destroy();
    },
    { everyMs: 20 },
  );
  return {
    path,
    async stop() {
      child.kill('SIGKILL');
      await ended;
      await rm(directory, { recursive: true });
    },
  };
}

describeWith([haproxy], 'requests that are smuggled past a load balancer (API8)', () => {
  let api: Api;
  let balancer: LoadBalancer;
  beforeAll(async () => {
    api = await startApi({ REQUEST_TIMEOUT_MS: '500' });
    balancer = await startLoadBalancer(api.port);
  });
  afterAll(async () => {
    await balancer.stop();
    await api.stop();
  });

  // Whatever gets past as a request of its own has this id, so that the log would show it.
  const hidden = 'GET /movies HTTP/1.1\r\nHost: api\r\nX-Request-Id: smuggled-request\r\nX: ';
  const post = 'POST /echo HTTP/1.1';
  const host = 'Host: api';
  const hiding = (...lines: string[]) => raw([post, host, ...lines], hidden);
  const closing = (lines: string[], body = '') => raw([...lines, 'Connection: close'], body);
  const send = (bytes: string) => exchange({ path: balancer.path }, bytes);
  const victim = raw(['GET /version HTTP/1.1', host, 'X-Request-Id: victim-request', 'Connection: close']);

  let logged = 0;
  beforeEach(() => {
    logged = api.log.length;
  });
  // Whoever comes next over the same connection gets their own answer, and nobody else's.
  afterEach(async () => {
    const received = await send(victim);

    expect(statuses(received)).toEqual([200]);
    expect(received).toMatch(/x-request-id: victim-request\r\n/i);
    expect(api.log.slice(logged).filter(({ requestId }) => requestId === 'smuggled-request')).toEqual([]);
  });

  test('a plain request gets through, so that the refusals below mean something', async () => {
    const received = await send(raw([post, host, 'Content-Length: 2', 'Connection: close'], '{}'));

    expect(received).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nECHO: POST$/);
  });

  test.each<[string, string]>([
    ['two lengths', hiding('Content-Length: 0', 'Content-Length: 44')],
    ['a list of lengths', hiding('Content-Length: 0, 44')],
    ['a length with a sign', hiding('Content-Length: +0')],
    ['a space before the colon', raw([post, host, 'Transfer-Encoding : chunked'], `0\r\n\r\n${hidden}`)],
    ['a null byte in a header', hiding('X-A: b\0c')],
    ['a chunk size that is no number', raw([post, host, 'Transfer-Encoding: chunked'], `zz\r\n${hidden}`)],
    ['a header without a colon', hiding('Transfer-Encoding chunked')],
    ['a version that does not exist', raw(['POST /echo HTTP/1.x', host], hidden)],
  ])('%s is refused', async (_what, bytes) => {
    const received = await send(bytes);

    expect(statuses(received)).toEqual([400]);
  });

  test.each<[string, string, number[]]>([
    [
      'CL.TE',
      closing(
        [post, host, `Content-Length: ${hidden.length + 5}`, 'Transfer-Encoding: chunked'],
        `0\r\n\r\n${hidden}`,
      ),
      [200],
    ],
    [
      'TE.CL',
      closing(
        [post, host, 'Transfer-Encoding: chunked', 'Content-Length: 4'],
        `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`,
      ),
      [200],
    ],
    [
      'a folded header',
      closing([post, host, 'X-A: b', ' Transfer-Encoding: chunked', 'Content-Length: 0'], hidden),
      [200],
    ],
    [
      'a coding that nobody knows',
      closing([post, host, 'Transfer-Encoding: xchunked', 'Content-Length: 0'], hidden),
      [400],
    ],
    [
      'a coding behind a vertical tab',
      closing([post, host, 'Transfer-Encoding: \x0bchunked', 'Content-Length: 0'], hidden),
      [400],
    ],
    [
      'a body where none is expected',
      closing(['GET /version HTTP/1.1', host, `Content-Length: ${hidden.length}`], hidden),
      [200],
    ],
    [
      'an upgrade to HTTP/2',
      closing([
        'GET /movies HTTP/1.1',
        host,
        'Connection: Upgrade, HTTP2-Settings',
        'Upgrade: h2c',
        'HTTP2-Settings: AAMAAABk',
      ]),
      [401],
    ],
    [
      'an identity of the proxy',
      raw([
        'GET /movies HTTP/1.1',
        host,
        'X-Forwarded-For: 127.0.0.1',
        'X-Forwarded-User: admin',
        'Connection: close, Authorization',
      ]),
      [401],
    ],
  ])('%s is read by both in the same way', async (_what, bytes, expected) => {
    const received = await send(bytes);

    expect(statuses(received)).toEqual(expected);
  });
});
