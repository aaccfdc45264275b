import { UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { setTimeout as pause } from 'node:timers/promises';
import { type AwsClients, readService, type ServiceDefinition } from './applied.ts';
import type { Address, Addresses, Fleet, Task } from './fleet.ts';
import * as rollout from './scheduler.ts';
import { decide, type Action } from './scheduler.ts';
import { readSecrets, readTaskDefinition } from './task-definition.ts';

const everyMs = 500;
/** How often the control plane is asked: its answers take the processor that the tasks need. */
const readEveryMs = 2_000;

export interface ControlLoop {
  readonly deployments: () => rollout.Deployments;
  readonly service: () => ServiceDefinition;
  readonly lostZones: Set<string>;
  /** For the fleet: its tasks fail and recover. */
  readonly noteFailure: (task: Task) => void;
  readonly noteHealthy: (task: Task) => void;
  readonly run: (fleet: Fleet) => Promise<void>;
  readonly stop: () => void;
}

export interface ControlLoopOptions {
  readonly aws: AwsClients;
  readonly cluster: string;
  readonly service: ServiceDefinition;
  readonly zones: readonly string[];
  readonly addresses: Addresses;
  readonly local: LocalServices;
  /** Whenever the control plane is read. */
  readonly onRead: () => Promise<void>;
  readonly newId: () => string;
  readonly now: () => number;
  readonly say: (line: string) => void;
}

/** Compares what is with what the control plane asks for, and does what ECS would, again and again. */
export function createControlLoop(options: ControlLoopOptions): ControlLoop {
  const { aws, cluster, zones, addresses, local, newId, now, say } = options;
  const lostZones = new Set<string>();
  let { service } = options;
  let deployments: rollout.Deployments = [];
  let lastFailureAt = 0;
  let isStopped = false;

  const launch = async (fleet: Fleet, deployment: string, zone: string): Promise<void> => {
    const taskDefinition = deployments.find(({ id }) => id === deployment)?.taskDefinition ?? '';
    const definition = await readTaskDefinition(aws.ecs, taskDefinition, service.loadBalancer.containerName);
    const secrets = await readSecrets(aws.secrets, definition.container.secrets);
    const address = await addresses.claim(zones.indexOf(zone));
    const environment = overrides(local, address);
    const graceSeconds = service.healthCheckGracePeriodSeconds;
    await fleet.launch({
      id: newId(),
      deployment,
      definition,
      zone,
      address,
      environment,
      secrets,
      graceSeconds,
    });
  };

  const rollBack = async (taskDefinition: string): Promise<void> => {
    await aws.ecs.send(new UpdateServiceCommand({ cluster, service: service.name, taskDefinition }));
    service = { ...service, taskDefinition };
  };

  const act = async (action: Action, fleet: Fleet): Promise<void> => {
    if (action.kind !== 'complete') say(describe(action));
    switch (action.kind) {
      case 'deploy':
        deployments = rollout.begin(deployments, {
          id: `ecs-svc/${newId()}`,
          taskDefinition: action.taskDefinition,
          at: now(),
        });
        return;
      case 'launch':
        await launch(fleet, action.deployment, action.zone);
        return;
      case 'stop':
        // Draining takes its time; the loop goes on.
        void fleet.stop(action.task, action.reason);
        return;
      case 'complete':
        deployments = rollout.complete(deployments, action.deployment, now());
        say(`${action.deployment} is complete`);
        return;
      case 'fail':
        deployments = rollout.fail(deployments, action.deployment, now());
        if (action.rollBackTo !== undefined) await rollBack(action.rollBackTo);
    }
  };

  const tick = async (fleet: Fleet): Promise<void> => {
    await fleet.observe();
    const tasks = fleet.tasks().filter(({ status }) => status === 'PENDING' || status === 'RUNNING');
    const situation = { service, zones, lostZones: [...lostZones], deployments, lastFailureAt, now: now() };
    for (const action of decide({ ...situation, tasks })) {
      if (!isStopped) await act(action, fleet);
    }
  };

  return {
    deployments: () => deployments,
    service: () => service,
    lostZones,
    noteFailure: (task) => {
      say(`task ${task.id} failed: ${task.reason ?? 'unknown'}`);
      lastFailureAt = now();
      deployments = rollout.countFailure(deployments, task.deployment, now());
    },
    noteHealthy: ({ deployment }) => {
      deployments = rollout.forgetFailures(deployments, deployment, now());
    },
    run: async (fleet) => {
      let readAt = 0;
      while (!isStopped) {
        try {
          if (now() >= readAt + readEveryMs) {
            service = await readService(aws.ecs, cluster, service.name);
            await options.onRead();
            readAt = now();
          }
          await tick(fleet);
        } catch (error) {
          say(`the control loop goes on after: ${String(error)}`);
        }
        await pause(everyMs);
      }
    },
    stop: () => {
      isStopped = true;
    },
  };
}

function describe(action: Action): string {
  const { kind, ...rest } = action;
  return `${kind} ${Object.values(rest).join(' ')}`;
}

/** What stands in for the managed services that no emulator has. */
export interface LocalServices {
  readonly issuer: string;
  readonly swaggerClientId: string;
  readonly databaseUrl: string;
}

/** The only settings of a task that differ from its definition. Everything else is passed on as it was applied. */
export function overrides(
  services: LocalServices,
  { host, port, metricsPort }: Address,
): Record<string, string> {
  return {
    OIDC_ISSUER: services.issuer,
    OIDC_SWAGGER_CLIENT_ID: services.swaggerClientId,
    DYNAMODB_ENDPOINT: services.databaseUrl,
    HOST: host,
    PORT: String(port),
    METRICS_PORT: String(metricsPort),
  };
}
