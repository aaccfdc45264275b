import { chooseLeaving, chooseZone } from './placement.ts';
import { failureThreshold, lastCompleted, type Deployment, type Deployments } from './rollout.ts';
import type { ServiceDefinition } from './service-definition.ts';

/** A task that has not been told to stop. */
export interface ScheduledTask {
  readonly id: string;
  readonly deployment: string;
  readonly zone: string;
  readonly health: 'starting' | 'healthy' | 'unhealthy';
  readonly startedAt: number;
}

export interface Situation {
  readonly service: Pick<
    ServiceDefinition,
    'taskDefinition' | 'desiredCount' | 'minimumHealthyPercent' | 'maximumPercent' | 'circuitBreaker'
  >;
  readonly zones: readonly string[];
  readonly lostZones: readonly string[];
  readonly deployments: Deployments;
  readonly tasks: readonly ScheduledTask[];
  /** When the last task failed, in ms since 1970. */
  readonly lastFailureAt: number;
  readonly now: number;
}

export type Action =
  | { readonly kind: 'deploy'; readonly taskDefinition: string }
  | { readonly kind: 'launch'; readonly deployment: string; readonly zone: string }
  | { readonly kind: 'stop'; readonly task: string; readonly reason: string }
  | { readonly kind: 'complete'; readonly deployment: string }
  | { readonly kind: 'fail'; readonly deployment: string; readonly rollBackTo: string | undefined };

const firstDelayMs = 1_000;
const longestDelayMs = 60_000;

/**
 * What ECS would do next (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service_definition_parameters.html and
 * …/deployment-type-ecs.html): keep the desired count; replace what ended or is unhealthy, starting the replacement first
 * where the maximum leaves room; bring a changed task definition out between minimum healthy and maximum percent; give up,
 * and go back, when its tasks keep failing. Decides only: calling it twice does nothing twice.
 */
export function decide(situation: Situation): readonly Action[] {
  const { service, deployments } = situation;
  const [primary] = deployments;
  if (primary?.taskDefinition !== service.taskDefinition)
    return [{ kind: 'deploy', taskDefinition: service.taskDefinition }];
  if (isBroken(primary, service)) return [giveUp(primary, situation)];

  const stops = stopsOf(primary, situation);
  const launches = launchesOf(primary, situation);
  const done = stops.length === 0 && isDone(primary, situation);
  return [...launches, ...stops, ...(done ? [{ kind: 'complete', deployment: primary.id } as const] : [])];
}

const isBroken = (primary: Deployment, { circuitBreaker, desiredCount }: Situation['service']): boolean =>
  primary.rolloutState === 'IN_PROGRESS' &&
  circuitBreaker.enable &&
  primary.failedTasks >= failureThreshold(desiredCount);

function giveUp(primary: Deployment, { service, deployments }: Situation): Action {
  const rollBackTo = service.circuitBreaker.rollback ? lastCompleted(deployments)?.taskDefinition : undefined;
  return { kind: 'fail', deployment: primary.id, rollBackTo };
}

function isDone(primary: Deployment, { service, tasks }: Situation): boolean {
  return (
    primary.rolloutState === 'IN_PROGRESS' &&
    tasks.every((task) => task.deployment === primary.id && isHealthy(task)) &&
    tasks.length === service.desiredCount
  );
}

function launchesOf(primary: Deployment, situation: Situation): readonly Action[] {
  const { service, tasks, zones, lostZones, lastFailureAt, now } = situation;
  if (primary.rolloutState === 'FAILED') return [];
  if (now < lastFailureAt + delayAfter(primary.failedTasks)) return [];

  const wanted = tasks.filter(
    ({ deployment, health }) => deployment === primary.id && health !== 'unhealthy',
  );
  const count = Math.min(service.desiredCount - wanted.length, bounds(service).upper - tasks.length);
  const occupied = wanted.map(({ zone }) => zone);
  const launches: Action[] = [];
  for (let index = 0; index < count; index += 1) {
    const zone = chooseZone(zones, lostZones, occupied);
    if (zone === undefined) break;
    occupied.push(zone);
    launches.push({ kind: 'launch', deployment: primary.id, zone });
  }
  return launches;
}

/** Tasks that keep failing are started ever more rarely (…/service-throttle-logic.html); a single failure doesn't count. */
const delayAfter = (failures: number): number =>
  failures < 2 ? 0 : Math.min(longestDelayMs, firstDelayMs * 2 ** (failures - 2));

function stopsOf(primary: Deployment, { service, tasks }: Situation): readonly Action[] {
  const { lower, upper } = bounds(service);
  const mine = tasks.filter(({ deployment }) => deployment === primary.id);
  const former = tasks.filter(({ deployment }) => deployment !== primary.id);
  const wanted = mine.filter(({ health }) => health !== 'unhealthy');

  const isReplaced = mine.filter(isHealthy).length >= service.desiredCount;
  const mayWait = !isReplaced && tasks.length < upper;
  const unhealthy = tasks.filter((task) => isUnhealthy(task) && !(mayWait && mine.includes(task)));
  const surplus = chooseLeaving(wanted, wanted.length - service.desiredCount);
  const notServing = [...former, ...surplus].filter(({ health }) => health === 'starting');
  const spare = Math.max(0, tasks.filter(isHealthy).length - lower);
  const serving = [...former, ...surplus].filter(isHealthy).slice(0, spare);
  return [
    ...unhealthy.map(stop('Task failed load balancer health checks')),
    ...[...notServing, ...serving].map(
      stop('Scaling activity initiated by the deployment or the desired count'),
    ),
  ];
}

const bounds = ({ desiredCount, minimumHealthyPercent, maximumPercent }: Situation['service']) => ({
  lower: Math.ceil((desiredCount * minimumHealthyPercent) / 100),
  upper: Math.floor((desiredCount * maximumPercent) / 100),
});

const isHealthy = ({ health }: ScheduledTask): boolean => health === 'healthy';
const isUnhealthy = ({ health }: ScheduledTask): boolean => health === 'unhealthy';

const stop =
  (reason: string) =>
  ({ id }: ScheduledTask): Action => ({ kind: 'stop', task: id, reason });
