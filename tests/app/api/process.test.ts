import { once } from 'node:events';
import { Agent, createServer as createHttpServer, request, type RequestListener } from 'node:http';
import { connect, createServer, type AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Api, startApi } from '../../support/api.ts';
import { type ApiProcess, startApiProcess } from '../../support/processes.ts';
import { createClient } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';

let backing: Api;
let service: ApiProcess;
beforeAll(async () => {
  backing = await startApi();
});
afterAll(() => backing.stop());
afterEach(async () => {
  service.signal('SIGKILL');
  await service.ended;
});

const settings = () => ({
  TABLE_NAME: backing.table.name,
  DYNAMODB_ENDPOINT: backing.database.endpoint,
  OIDC_ISSUER: backing.issuer.issuer,
  OIDC_AUDIENCE: backing.issuer.audience,
  // Patient, since the machine may be busy with other tests.
  DYNAMODB_TIMEOUT_MS: '9000',
});

describe('the process', () => {
  test.each([
    ['no table', {}, ['TABLE_NAME is required']],
    [
      'an issuer but no audience',
      { TABLE_NAME: 'm', OIDC_ISSUER: 'https://i' },
      ['OIDC_AUDIENCE is required'],
    ],
    [
      'an open door in production',
      { TABLE_NAME: 'm', NODE_ENV: 'production', ALLOW_ANONYMOUS: 'true' },
      ['ALLOW_ANONYMOUS is refused when NODE_ENV is production', 'CURSOR_SECRETS is required'],
    ],
    [
      'nonsense',
      { TABLE_NAME: 'm', PORT: '80a', LOG_LEVEL: 'loud', DYNAMODB_ENDPOINT: 'here', ALLOW_ANONYMOUS: 'yes' },
      ['PORT must be', 'LOG_LEVEL must be', 'DYNAMODB_ENDPOINT must be', 'ALLOW_ANONYMOUS must be'],
    ],
  ])('with %s ends with 78 and says which setting', async (_what, wrong, says) => {
    service = startApiProcess(wrong);

    const { code, output } = await service.ended;

    expect({ code, unsaid: says.filter((words) => !output.includes(words)) }).toEqual({
      code: 78,
      unsaid: [],
    });
    expect(output).not.toMatch(/\n\s+at /);
  });

  test('stopped under load serves every request, turns unready at once and ends with 0', async () => {
    service = startApiProcess({ ...settings(), DRAIN_DELAY_MS: '8000' });
    const { port, metricsPort } = await service.listening;
    const authorization = `Bearer ${await backing.issuer.token('movies/read')}`;
    backing.database.delayMs = 100;
    const statuses: (number | string)[] = [];
    let isLoading = true;
    const agent = new Agent({ keepAlive: true, maxSockets: 16 });
    const load = Array.from({ length: 16 }, async () => {
      while (isLoading) statuses.push(await statusOf(agent, port, '/movies', { authorization }));
    });
    const answered = (count: number) =>
      eventually(() => expect(Promise.resolve(statuses.length)).resolves.toBeGreaterThanOrEqual(count));
    await answered(32);

    service.signal('SIGTERM');
    const probe = createClient(port);
    const ready = await eventually(async () => {
      const answer = await probe('GET', '/readyz');
      expect(answer.status).toBe(503);
      return answer;
    });
    // The load balancer has noticed by now and sends nobody any more, while requests are still in flight.
    isLoading = false;
    const balancer = await probe('GET', '/healthz');
    const live = await createClient(metricsPort)('GET', '/healthz');
    const { code, output } = await service.ended;
    await Promise.all(load);
    agent.destroy();
    backing.database.delayMs = 0;

    expect([ready.status, balancer.status, live.status, code]).toEqual([503, 503, 200, 0]);
    expect(balancer.headers.connection).toBe('close');
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(output).toContain('"finished":true');
  });

  test('without its port ends with 1, and the last thing that it logs is why', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    service = startApiProcess({ ...settings(), PORT: String(port) });

    const { code, output } = await service.ended;
    taken.close();

    const last: unknown = JSON.parse(output.trim().split('\n').at(-1) ?? '');
    expect({ code, last }).toMatchObject({
      code: 1,
      last: { level: 'fatal', err: { message: expect.stringContaining('EADDRINUSE') } },
    });
  });

  test.each([
    ['a promise that nobody waits for', 'Promise.reject(fault)'],
    ['an error that nobody catches', 'setTimeout(() => { throw fault; })'],
  ])('ends with 1, and says why, by %s', async (_fault, code) => {
    const late = `setTimeout(() => { const fault = new Error('out of step'); ${code}; }, 500)`;
    service = startApiProcess({
      ...settings(),
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(late)}`,
    });

    const { code: status, output } = await service.ended;

    expect(status).toBe(1);
    expect(output).toContain('out of step');
    expect(output).toContain('"level":"fatal"');
  });

  test.each([
    ['silent', ''],
    ['in the middle of its headers', 'GET /healthz HTTP/1.1\r\nHost: a'],
    ['in the middle of a body', 'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab'],
    ['idle after an answer', 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n'],
  ])('a connection that is %s holds no stop', async (_state, sent) => {
    service = startApiProcess({ ...settings(), DRAIN_DELAY_MS: '0' });
    const { port } = await service.listening;
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    await once(socket, 'connect');
    socket.resume().write(sent);
    // The service has seen it once it answers another one.
    await createClient(port)('GET', '/healthz');

    const stoppedAt = performance.now();
    service.signal('SIGTERM');
    const { code, output } = await service.ended;

    expect({ code, isFinished: output.includes('"finished":true') }).toEqual({ code: 0, isFinished: true });
    // Not held until the connection would time out by itself, which takes a minute.
    expect(performance.now() - stoppedAt).toBeLessThan(50_000);
  });

  test.each<[string, RequestListener | undefined]>([
    ['silent', () => undefined],
    ['failing', (_request, response) => response.writeHead(503).end()],
    ['away', undefined],
  ])('with a collector that is %s ends with 0', async (_state, answer) => {
    const collector = createHttpServer(answer).listen(0, '127.0.0.1');
    await once(collector, 'listening');
    const { port: collectorPort } = collector.address() as AddressInfo;
    if (answer === undefined) collector.close();
    service = startApiProcess({
      ...settings(),
      DRAIN_DELAY_MS: '0',
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collectorPort}`,
      TRACE_SAMPLE_RATE: '1',
    });
    const { port } = await service.listening;
    await createClient(port)('GET', '/healthz');

    service.signal('SIGTERM');
    const { code, output } = await service.ended;
    collector.closeAllConnections();
    collector.close();

    expect({ code, isFinished: output.includes('"finished":true') }).toEqual({ code: 0, isFinished: true });
    expect(output).not.toMatch(/"level":"(error|fatal)"/);
  });

  test('finishes a request that outlives the drain delay', async () => {
    service = startApiProcess({ ...settings(), DRAIN_DELAY_MS: '0' });
    const { port } = await service.listening;
    const authorization = `Bearer ${await backing.issuer.token('movies/read')}`;
    await createClient(port)('GET', '/movies', { headers: { authorization } });
    backing.database.delayMs = 700;
    const arrived = backing.database.nextCall();
    const slow = createClient(port)('GET', '/movies', { headers: { authorization } });
    await arrived;

    service.signal('SIGTERM');
    const [answer, { code }] = await Promise.all([slow, service.ended]);
    backing.database.delayMs = 0;

    expect({ status: answer.status, code }).toEqual({ status: 200, code: 0 });
  });
});

const statusOf = (agent: Agent, port: number, path: string, headers: Record<string, string>) =>
  new Promise<number | string>((resolve) => {
    const outgoing = request({ agent, port, host: '127.0.0.1', path, headers }, (answer) => {
      answer.resume();
      answer.on('end', () => {
        resolve(answer.statusCode ?? 0);
      });
    });
    outgoing.on('error', (error) => {
      resolve(error.message);
    });
    outgoing.end();
  });
