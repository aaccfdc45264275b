import type { ServiceDefinition } from './applied.ts';

export interface Placed {
  readonly zone: string;
  readonly startedAt: number;
}

const countIn = (zone: string, zones: readonly string[]): number =>
  zones.filter((other) => other === zone).length;

/** The zone with the fewest tasks, the first of equals; nothing when none is left. ECS spreads Fargate tasks so. */
function chooseZone(
  zones: readonly string[],
  lost: readonly string[],
  occupied: readonly string[],
): string | undefined {
  return zones
    .filter((zone) => !lost.includes(zone))
    .sort((a, b) => countIn(a, occupied) - countIn(b, occupied))
    .at(0);
}

/** Which tasks go when there are too many: always one of the fullest zone, there the newest. */
export function chooseLeaving<T extends Placed>(tasks: readonly T[], count: number): readonly T[] {
  const leaving: T[] = [];
  while (leaving.length < Math.min(count, tasks.length)) {
    const left = tasks.filter((task) => !leaving.includes(task));
    const zones = left.map(({ zone }) => zone);
    const [next] = left.sort(
      (a, b) => countIn(b.zone, zones) - countIn(a.zone, zones) || b.startedAt - a.startedAt,
    );
    if (next) leaving.push(next);
  }
  return leaving;
}

/** A deployment of a service, as ECS calls what brings one task definition out. Times in ms since 1970. */
export interface Deployment {
  readonly id: string;
  readonly taskDefinition: string;
  readonly rolloutState: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED';
  readonly reason: string;
  /** Tasks that failed one after the other; a healthy one sets it back to 0. */
  readonly failedTasks: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Of the failed deployment that this one rolls back. */
  readonly rollsBack?: string;
}

/** Newest first: the first is the PRIMARY one. */
export type Deployments = readonly Deployment[];

const kept = 10;

/**
 * How many failed tasks in a row make a deployment fail: half of the desired tasks, at least 3, at most 200
 * (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html).
 */
const failureThreshold = (desiredCount: number): number =>
  Math.min(200, Math.max(3, Math.ceil(desiredCount / 2)));

export function begin(
  deployments: Deployments,
  { id, taskDefinition, at }: { id: string; taskDefinition: string; at: number },
): Deployments {
  const [before] = deployments;
  const rollsBack = before?.rolloutState === 'FAILED' ? before.id : undefined;
  const reason =
    rollsBack === undefined
      ? `ECS deployment ${id} in progress.`
      : `ECS deployment circuit breaker: rolling back to ${taskDefinition}.`;
  const begun: Deployment = {
    id,
    taskDefinition,
    rolloutState: 'IN_PROGRESS',
    reason,
    failedTasks: 0,
    createdAt: at,
    updatedAt: at,
    ...(rollsBack === undefined ? {} : { rollsBack }),
  };
  return [begun, ...deployments].slice(0, kept);
}

export const complete = (deployments: Deployments, id: string, at: number): Deployments =>
  change(deployments, id, at, () => ({
    rolloutState: 'COMPLETED',
    reason: `ECS deployment ${id} completed.`,
  }));

export const fail = (deployments: Deployments, id: string, at: number): Deployments =>
  change(deployments, id, at, () => ({
    rolloutState: 'FAILED',
    reason: 'ECS deployment circuit breaker: tasks failed to start.',
  }));

export const countFailure = (deployments: Deployments, id: string, at: number): Deployments =>
  change(deployments, id, at, ({ failedTasks }) => ({ failedTasks: failedTasks + 1 }));

export const forgetFailures = (deployments: Deployments, id: string, at: number): Deployments =>
  change(deployments, id, at, () => ({ failedTasks: 0 }));

/** What a failed deployment goes back to: the task definition that last came out whole. */
export const lastCompleted = (deployments: Deployments): Deployment | undefined =>
  deployments.find(({ rolloutState }) => rolloutState === 'COMPLETED');

function change(
  deployments: Deployments,
  id: string,
  at: number,
  changed: (deployment: Deployment) => Partial<Deployment>,
): Deployments {
  return deployments.map((one) => (one.id === id ? { ...one, ...changed(one), updatedAt: at } : one));
}

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
