import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { freePort } from '../../../app/src/local/listen.ts';
import { createStopStack } from '../../../app/src/local/stop-stack.ts';
import { startTokenIssuer } from '../../../app/src/local/token-issuer.ts';
import { createAddresses } from './addresses.ts';
import { completeAnswer, completedActions, type Asked } from './aws-answers.ts';
import { createAwsClients } from './aws-clients.ts';
import { startBalancer } from './balancer.ts';
import { createEngine } from '../../lib/container-engine.ts';
import { hasInit } from '../../lib/container-init.ts';
import { createContainerRunner } from './container-runner.ts';
import { createControlLoop } from './control-loop.ts';
import { startControlServer } from './control-server.ts';
import { startDatabaseLink } from './database-link.ts';
import type { FaultRequest } from './faults.ts';
import { createFleet } from './fleet.ts';
import { harm } from './harm.ts';
import { readLoadBalancer } from './load-balancer-definition.ts';
import { describeDifferences, type RunnerKind } from './overrides.ts';
import { createProcessRunner } from './process-runner.ts';
import { scrapeTargets } from './scrape-targets.ts';
import { readService, readZones } from './service-definition.ts';
import { readState, type LocalState } from './state.ts';
import { readTaskDefinition } from './task-definition.ts';
import { startTable } from './table.ts';
import { createTaskLogs } from './task-logs.ts';
import type { Names } from './names.ts';

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
  /** DYNAMODB_ENDPOINT of the tasks. */
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
  const aws = createAwsClients(emulatorUrl, region);
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
  const link = await startDatabaseLink(table.endpoint, Math.random);
  stack.keep(link.stop);
  // Tokens for the very audience that the task definition asks for.
  const [audience = 'movies-api'] = (environment['OIDC_AUDIENCE'] ?? '').split(',');
  const issuer = await startTokenIssuer({ audience, tokenTtlSeconds: 12 * 3600, algorithm: 'ES256' });
  stack.keep(() => issuer.stop());
  const balancer = await startBalancer(loadBalancer, {
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

  const sources = {
    balancer,
    fleet,
    loop,
    runner: runner.kind,
    zones,
    database: link.faults,
    logs: logFolder,
    issuer,
  };
  const state = (): LocalState => readState(sources);
  const control = await startControlServer({
    'GET /state': () => Promise.resolve(state()),
    'GET /scrape-targets': () => Promise.resolve(scrapeTargets(state())),
    'POST /tokens': async (body) => ({ token: await issuer.token((body as { scope: string }).scope) }),
    'POST /faults': async (body) => ({
      subject: await harm(body as FaultRequest, { fleet, loop, link, zones }),
    }),
    'POST /answers': (body) => Promise.resolve({ completed: completeAnswer(body as Asked, state()) }),
  });
  stack.keep(control.stop);
  const dataPlane = new URL('/_emulator/data-plane', emulatorUrl);
  const registration = { url: `${control.url}/answers`, actions: completedActions };
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
    database: link.url,
    differences: describeDifferences(definition, local, { kind: runner.kind, hasInit: canInit }),
    died: balancer.died,
    stop: () => stack.stopAll(),
  };
}
