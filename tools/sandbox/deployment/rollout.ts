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
export const failureThreshold = (desiredCount: number): number =>
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
