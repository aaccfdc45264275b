import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { Problem, reasonOf } from '../../../app/src/commands/problem.ts';
import { closeServer, freePort, listenOnLoopback } from '../../../app/src/local/listen.ts';
import { createStopStack } from '../../../app/src/local/stop-stack.ts';
import { startTokenIssuer, type TokenIssuer } from '../../../app/src/local/token-issuer.ts';
import { createEngine, hasInit } from '../../lib/container-engine.ts';
import {
  createAwsClients,
  type Names,
  readAddressRules,
  readLoadBalancer,
  readNetworks,
  readService,
  readZones,
} from './applied.ts';
import { type Asked, completeAnswer, completedActions } from './aws-answers.ts';
import { startBalancer } from './balancer.ts';
import { type ControlLoop, createControlLoop, type LocalServices } from './control-loop.ts';
import { type FaultRequest, type LocalState, noFaults, readState } from './state.ts';
import {
  createRestores,
  type DatabaseLink,
  restoringActions,
  startDatabaseLink,
  startTable,
  tellOfTables,
} from './database.ts';
import { createAddresses, createFleet, createTaskLogs, type Fleet, type Task } from './fleet.ts';
import { createContainerRunner, createProcessRunner, type RunnerKind } from './runners.ts';
import { chooseLeaving } from './scheduler.ts';
import { readTaskDefinition, type TaskDefinition } from './task-definition.ts';

export interface ServeOptions {
  /** Folder of the deployment. */
  readonly home: string;
  readonly emulatorUrl: string;
  readonly region: string;
  readonly names: Names;
  readonly runner: RunnerKind;
  /** Of the load balancer; 0 takes a free one. */
  readonly port: number;
  readonly say: (line: string) => void;
}

export interface Serving {
  readonly control: string;
  readonly url: string;
  /** Address of the table, past the link that the tasks take. */
  readonly database: string;
  readonly differences: readonly string[];
  /** Resolves with the reason when it can't go on. */
  readonly died: Promise<Error>;
  /** Stops tasks, balancer and issuer, in this order. */
  readonly stop: () => Promise<void>;
}

/** Runs what was applied: reads service, task definition, load balancer and secrets from the control plane, and starts them. */
export async function serve(options: ServeOptions): Promise<Serving> {
  const { home, emulatorUrl, region, names, port, say } = options;
  const stack = createStopStack();
  /** As the documents of the roles call one of this environment. */
  const roleOf = (name: string): string => `${names.service.split('-').at(-1) ?? ''}-${name}`;
  const aws = createAwsClients(emulatorUrl, region, roleOf('execution'));
  stack.keep(aws.destroy);

  const service = await readService(aws.ecs, names.cluster, names.service);
  const { targetGroupArn, containerName } = service.loadBalancer;
  const zones = await readZones(aws.ec2, service.subnets);
  const definition = await readTaskDefinition(aws.ecs, service.taskDefinition, containerName);
  const loadBalancer = await readLoadBalancer(aws.elb, {
    loadBalancerArn: names.loadBalancerArn,
    targetGroupArn,
  });
  const { environment } = definition.container;

  const table = await startTable(aws.dynamodb, names.table, region);
  stack.keep(table.stop);
  const restores = createRestores(table.endpoint, region, say);
  stack.keep(restores.stop);
  const tell = tellOfTables(emulatorUrl, roleOf('task'));
  const link = await startDatabaseLink(table.endpoint, Math.random, tell);
  stack.keep(link.stop);
  // Tokens for the very audience that the task definition asks for.
  const [audience = 'movies-api'] = (environment['OIDC_AUDIENCE'] ?? '').split(',');
  const issuer = await startTokenIssuer({ audience, tokenTtlSeconds: 12 * 3600, algorithm: 'ES256' });
  stack.keep(() => issuer.stop());
  const rules = await readAddressRules(aws.waf, names.loadBalancerArn);
  const balancer = await startBalancer(loadBalancer, {
    rules,
    port: port === 0 ? await freePort() : port,
    logFile: join(home, 'balancer.log'),
  });
  stack.keep(balancer.stop);

  const canInit = await hasInit(createEngine('podman'), definition.container.image);
  const runner =
    options.runner === 'containers' ? createContainerRunner(home, canInit) : createProcessRunner(home);
  await runner.cleanUp();
  const logFolder = join(home, 'logs');
  const logs = createTaskLogs(aws.logs, logFolder, say);
  stack.keep(logs.stop);
  const addresses = createAddresses(20 + (process.pid % 200), {
    port: Number(environment['PORT'] ?? 8080),
    metricsPort: Number(environment['METRICS_PORT'] ?? 9464),
  });
  const local = { issuer: issuer.issuer, swaggerClientId: issuer.swaggerClientId, databaseUrl: link.url };
  const loop = createControlLoop({
    aws,
    cluster: names.cluster,
    service,
    zones,
    addresses,
    local,
    onRead: async () => balancer.enforce(await readNetworks(aws.waf, rules)),
    newId: () => randomBytes(16).toString('hex'),
    now: Date.now,
    say,
  });
  const fleet = createFleet({
    runner,
    balancer,
    healthCheck: loadBalancer.targetGroup.healthCheck,
    addresses,
    logs,
    now: Date.now,
    onFailure: loop.noteFailure,
    onHealthy: loop.noteHealthy,
  });

  const state = (): LocalState =>
    readState({
      ...{ balancer, fleet, loop, runner: runner.kind, zones, issuer },
      ...{ database: link.faults, logs: logFolder },
    });
  const complete = (asked: Asked): string =>
    restoringActions.includes(asked.action) ? restores.complete(asked) : completeAnswer(asked, state());
  const control = await startControlServer({
    'GET /state': () => Promise.resolve(state()),
    'GET /scrape-targets': () => Promise.resolve(scrapeTargets(state())),
    'POST /tokens': async (body) => ({ token: await issuer.token((body as { scope: string }).scope) }),
    'POST /faults': async (body) => ({
      subject: await harm(body as FaultRequest, { fleet, loop, link, zones, issuer }),
    }),
    'POST /answers': (body) => Promise.resolve({ completed: complete(body as Asked) }),
  });
  stack.keep(control.stop);
  const dataPlane = new URL('/_emulator/data-plane', emulatorUrl);
  const registration = { url: `${control.url}/answers`, actions: [...completedActions, ...restoringActions] };
  await fetch(dataPlane, { method: 'PUT', body: JSON.stringify(registration) });
  stack.keep(async () => {
    await fetch(dataPlane, { method: 'DELETE' }).catch(() => undefined);
  });

  const running = loop.run(fleet);
  stack.keep(async () => {
    loop.stop();
    await running;
    await fleet.stopAll();
  });
  return {
    control: control.url,
    url: balancer.url,
    database: table.endpoint,
    differences: describeDifferences(definition, local, { kind: runner.kind, hasInit: canInit }),
    died: balancer.died,
    stop: () => stack.stopAll(),
  };
}

/**
 * A server on a free loopback port, for those who watch and harm a local deployment: routes by method and path. One that rejects
 * is a 400 with the reason as `error`.
 */
async function startControlServer(
  routes: Readonly<Record<string, (body: unknown) => Promise<unknown>>>,
): Promise<{ url: string; stop: () => Promise<void> }> {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const route = routes[`${request.method ?? ''} ${request.url ?? ''}`];
    if (!route) {
      write(response, 404, { error: `There is ${Object.keys(routes).join(', ')}.` });
      return;
    }
    write(response, 200, await route(request.method === 'GET' ? undefined : await json(request)));
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      write(response, 400, { error: reasonOf(error) });
    });
  });
  const { url } = await listenOnLoopback(server, 0);
  return { url, stop: () => closeServer(server) };
}

const write = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

export interface Harmed {
  readonly fleet: Fleet;
  readonly loop: ControlLoop;
  readonly link: DatabaseLink;
  readonly zones: readonly string[];
  readonly issuer: TokenIssuer;
}

/** Does what a fault says. Resolves with the task or zone that it was done to; rejects when there is none. */
export async function harm(
  fault: FaultRequest,
  { fleet, loop, link, zones, issuer }: Harmed,
): Promise<string> {
  const alive = (): readonly Task[] => fleet.tasks().filter(({ id }) => fleet.running(id) !== undefined);
  switch (fault.kind) {
    case 'database':
      await link.set({ ...noFaults, ...fault.database });
      return 'database';
    case 'rotate-issuer-key':
      await issuer.rotateKeys();
      return issuer.issuer;
    case 'heal':
      loop.lostZones.clear();
      await link.set(noFaults);
      return 'all';
    case 'lose-zone': {
      const zone = known(zones, fault.zone ?? chooseLeaving(alive(), 1)[0]?.zone, 'zone');
      loop.lostZones.add(zone);
      const tasks = alive().filter((task) => task.zone === zone);
      await Promise.all(tasks.map(async ({ id }) => fleet.running(id)?.kill()));
      return zone;
    }
    default: {
      const healthy = alive().find(({ status, health }) => status === 'RUNNING' && health === 'healthy');
      const ids = alive().map(({ id }) => id);
      const id = known(ids, fault.task ?? healthy?.id, 'task');
      if (fault.kind === 'interrupt') fleet.interrupt(id);
      else await fleet.running(id)?.[fault.kind]();
      return id;
    }
  }
}

function known(names: readonly string[], name: string | undefined, what: string): string {
  if (name !== undefined && names.includes(name)) return name;
  throw new Problem(`There is no ${what} ${name ?? 'to choose'}.`, `There is: ${names.join(', ')}`);
}

export interface ScrapeTarget {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** The metrics ports of the tasks that run, as Prometheus discovers them: https://prometheus.io/docs/prometheus/latest/http_sd */
export const scrapeTargets = ({ tasks }: Pick<LocalState, 'tasks'>): readonly ScrapeTarget[] =>
  tasks
    .filter(({ status }) => status === 'RUNNING')
    .map(({ id, zone, metricsUrl }) => ({ targets: [new URL(metricsUrl).host], labels: { task: id, zone } }));

/** What is not as on AWS, a sentence each, for a person to read. */
export function describeDifferences(
  { container, architecture, sidecars }: TaskDefinition,
  services: LocalServices,
  { kind, hasInit }: { readonly kind: RunnerKind; readonly hasInit: boolean },
): readonly string[] {
  const lines = [
    `OIDC_ISSUER is ${services.issuer}, not ${container.environment['OIDC_ISSUER'] ?? 'set'}: no emulator signs tokens`,
    `OIDC_SWAGGER_CLIENT_ID is ${services.swaggerClientId}: the client that this issuer knows`,
    `DYNAMODB_ENDPOINT is ${services.databaseUrl}: an embedded DynamoDB with the table as applied, behind a link that can be made slow or cut`,
    'HOST is an address of 127.0.0.0/8 for each task: there is one network, which stands for the subnets of all zones',
    'the container health check is not run: the load balancer asks the same path, as often',
    'HAProxy stands for the load balancer, and repeats GET and HEAD on another task; of the firewall it enforces the rules on addresses alone',
    ...sidecars.map((name) => `the container ${name} is not run`),
  ];
  const machine = process.arch === 'arm64' ? 'ARM64' : 'X86_64';
  return kind === 'containers'
    ? [
        ...lines,
        ...(machine === architecture ? [] : [`the processor is ${machine}, not ${architecture}`]),
        ...(hasInit || !container.initProcess
          ? []
          : ['no init process is in the tasks: this podman lacks catatonit (`make tools` installs it)']),
      ]
    : [
        ...lines,
        "the production bundle runs as a process of this machine's Node.js: user, read-only root, capabilities and limits of the task definition take podman",
      ];
}
