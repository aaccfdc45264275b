import { createServer, type Server } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { closeServer, freePort, listenOnLoopback } from '../../../app/src/local/listen.ts';
import type { LoadBalancerDefinition } from '../../../tools/sandbox/deployment/applied.ts';
import {
  haproxyConfig,
  readServers,
  serverSettings,
  startBalancer,
  type Balancer,
} from '../../../tools/sandbox/deployment/balancer.ts';
import { addressRules } from '../../../tools/sandbox/deployment/applied.ts';
import { eventually } from '../../support/eventually.ts';
import { describeWith, program } from '../../support/requirements.ts';

const healthCheck = {
  ...{ path: '/in-service', matcher: '200', interval: 10, timeout: 5 },
  ...{ healthyThreshold: 2, unhealthyThreshold: 3 },
};
const targetGroup = {
  arn: 'group',
  algorithm: 'least_outstanding_requests',
  deregistrationDelay: 30,
  healthCheck,
};
const definition: LoadBalancerDefinition = {
  listener: { port: 80, protocol: 'HTTP' },
  idleTimeout: 60,
  dropsInvalidHeaders: true,
  targetGroup,
};
const place = { port: 18_080, socket: '/run/balancer.sock' };

test('the target group decides algorithm, health check and thresholds', () => {
  const configuration = haproxyConfig(definition, place);

  expect(configuration).toMatch(/^ {4}balance leastconn$/m);
  expect(configuration).toMatch(/^ {4}http-check send meth GET uri \/in-service /m);
  expect(configuration).toMatch(/^ {4}http-check expect status 200$/m);
  expect(configuration).toMatch(/^ {4}timeout check 5s$/m);
  expect(serverSettings(targetGroup)).toMatch(/^check inter 10s rise 2 fall 3 /);
});

test('an algorithm that HAProxy has no word for is refused', () => {
  const odd = { ...definition, targetGroup: { ...targetGroup, algorithm: 'astrology' } };

  expect(() => haproxyConfig(odd, place)).toThrow(/astrology/);
});

test('the servers of the backend are read by name, without the sum of all', () => {
  const stat = [
    '# pxname,svname,scur,status,wretr,wredis,',
    'listener,FRONTEND,1,OPEN,,,',
    'tasks,one,2,UP 1/2,1,2,',
    'tasks,two,0,DOWN,0,0,',
    'tasks,BACKEND,2,UP,1,2,',
  ].join('\n');

  expect(readServers(stat)).toEqual([
    { name: 'one', status: 'UP 1/2', sessions: 2, repeated: 3 },
    { name: 'two', status: 'DOWN', sessions: 0, repeated: 0 },
  ]);
});

const listOf = (name: string): string => `arn:aws:wafv2:eu-west-1:123456789012:regional/ipset/${name}/id`;
const inList = (name: string) => ({ IPSetReferenceStatement: { ARN: listOf(name) } });
const maintenanceRule = {
  ...{ Name: 'maintenance', Priority: 3, VisibilityConfig: undefined },
  Statement: {
    AndStatement: { Statements: [inList('told'), { NotStatement: { Statement: inList('let-in') } }] },
  },
  Action: {
    Block: {
      CustomResponse: {
        ResponseCode: 503,
        CustomResponseBodyKey: 'later',
        ResponseHeaders: [{ Name: 'Retry-After', Value: '120' }],
      },
    },
  },
};
const later = '{"title":"Service Unavailable","detail":"It\'s \\"planned\\", 100 %."}';
const acl = { CustomResponseBodies: { later: { ContentType: 'APPLICATION_JSON' as const, Content: later } } };

test('of a web ACL the rules that block by address alone are read, in their order', () => {
  const rate = { RateBasedStatement: { Limit: 10, AggregateKeyType: 'IP' as const } };
  const rules = [
    maintenanceRule,
    {
      ...maintenanceRule,
      Name: 'networks',
      Priority: 0,
      Statement: { NotStatement: { Statement: inList('all') } },
      Action: { Block: {} },
    },
    { ...maintenanceRule, Name: 'rate', Statement: rate },
    { ...maintenanceRule, Name: 'both', Statement: { AndStatement: { Statements: [inList('told'), rate] } } },
    { ...maintenanceRule, Name: 'counted', Action: { Count: {} } },
  ];

  const read = addressRules({ ...acl, Rules: rules });

  expect(read).toEqual([
    {
      name: 'networks',
      conditions: [{ list: listOf('all'), isIn: false }],
      answer: { status: 403, headers: [], body: '' },
    },
    {
      name: 'maintenance',
      conditions: [
        { list: listOf('told'), isIn: true },
        { list: listOf('let-in'), isIn: false },
      ],
      answer: { status: 503, headers: [['Retry-After', '120']], body: later },
    },
  ]);
});

describeWith([program('haproxy', 'make tools', ['-v'])], 'behind HAProxy', () => {
  let folder: string;
  let task: Server;
  let url: URL;
  let balancer: Balancer;
  /** Connections and requests that the task has seen, apart from health checks. */
  let seen: { connections: number; requests: number; checks: number };
  let isInService: boolean;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'balancer-test-'));
    seen = { connections: 0, requests: 0, checks: 0 };
    isInService = true;
    const known = new WeakSet<object>();
    task = createServer((request, response) => {
      if (request.url === healthCheck.path) {
        seen.checks += 1;
        response.writeHead(isInService ? 200 : 503).end();
        return;
      }
      seen.requests += 1;
      if (!known.has(request.socket)) seen.connections += 1;
      known.add(request.socket);
      response.end(request.method);
    });
    task.keepAliveTimeout = 60_000;
    url = new URL((await listenOnLoopback(task, 0)).url);
  });

  const start = async (check: Partial<typeof healthCheck> = {}, algorithm = targetGroup.algorithm) => {
    const group = { ...targetGroup, algorithm, healthCheck: { ...healthCheck, ...check } };
    const rules = addressRules({ ...acl, Rules: [maintenanceRule] });
    const options = { port: await freePort(), logFile: join(folder, 'log'), rules };
    balancer = await startBalancer({ ...definition, targetGroup: group }, options);
    await balancer.add('one', url.hostname, Number(url.port));
  };

  afterEach(async () => {
    await balancer.stop();
    await closeServer(task);
    await rm(folder, { recursive: true });
  });

  const get = async (): Promise<number> =>
    (await fetch(balancer.url, { headers: { connection: 'close' } })).status;

  test.each(Object.entries({ round_robin: 1, least_outstanding_requests: 1, weighted_random: 1 }))(
    'ten requests of ten clients, balanced by %s, open one connection at the task',
    async (algorithm, connections) => {
      await start({}, algorithm);

      for (let index = 0; index < 10; index += 1) expect(await get()).toBe(200);

      expect(seen).toMatchObject({ requests: 10, connections });
    },
  );

  test("who is in a list is answered as the rule says, from the moment that it holds him until it doesn't", async () => {
    await start();
    const enforce = (told: readonly string[], letIn: readonly string[] = []) =>
      balancer.enforce(
        new Map([
          [listOf('told'), told],
          [listOf('let-in'), letIn],
        ]),
      );
    const everybody = ['0.0.0.0/1', '128.0.0.0/1'];
    const before = await get();

    await enforce(everybody);
    const answer = await fetch(balancer.url);
    const told = [
      answer.status,
      answer.headers.get('retry-after'),
      answer.headers.get('content-type'),
      await answer.text(),
    ];
    await enforce(everybody, ['127.0.0.0/8']);
    const letIn = await get();
    await enforce([], ['127.0.0.0/8']);

    expect([before, letIn, await get()]).toEqual([200, 200, 200]);
    expect(told).toEqual([503, '120', 'application/json', later]);
    expect(seen.requests).toBe(3);
  });

  test('a task with idle connections is removed at once, and the next request finds no task', async () => {
    await start();
    await get();

    await balancer.remove('one');

    expect([await balancer.targets(), await get()]).toEqual([[], 503]);
  });

  test('a task that closes an idle connection costs no request', async () => {
    await start();
    await get();

    task.closeAllConnections();

    expect(await get()).toBe(200);
    expect(seen.connections).toBe(2);
  });

  test('a new task stays after one failed check, as an old one does, and goes after two', async () => {
    const statusAfter = async (checks: number): Promise<string | undefined> => {
      await eventually(() => {
        expect(seen.checks).toBeGreaterThanOrEqual(checks);
      });
      return (await balancer.targets())[0]?.status;
    };

    isInService = false;
    await start({ interval: 1, timeout: 1, unhealthyThreshold: 2 });

    expect(await statusAfter(1)).toMatch(/^UP/);
    await eventually(async () => {
      expect((await balancer.targets())[0]?.status).toMatch(/^DOWN/);
    });
    expect(seen.checks).toBeGreaterThanOrEqual(2);
  });
});
