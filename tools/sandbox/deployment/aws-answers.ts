import { escape, type Json, type JsonObject, list, readJson, text } from '../call.ts';
import type { LocalState, TaskState } from './state.ts';

export interface Asked {
  readonly action: string;
  readonly request: string;
  /** What the control plane answers by itself. */
  readonly answer: string;
}

/** Actions whose answers are about what runs: the control plane alone could only guess. */
export const completedActions: readonly string[] = [
  'ecs.DescribeServices',
  'ecs.ListTasks',
  'ecs.DescribeTasks',
  'elasticloadbalancing.DescribeTargetHealth',
];

/** An answer of AWS about this service's tasks, deployments and targets, in AWS's own form. */
export function completeAnswer({ action, request, answer }: Asked, state: LocalState): string {
  if (action === 'elasticloadbalancing.DescribeTargetHealth') return targetHealth(state);
  const asked = readJson(Buffer.from(request));
  const tasks = (wanted: (task: TaskState) => boolean): readonly TaskState[] => state.tasks.filter(wanted);
  if (action === 'ecs.ListTasks') {
    const stopped = asked['desiredStatus'] === 'STOPPED';
    const taskArns = tasks(({ status }) => stopped === (status === 'STOPPED')).map((task) =>
      arnOf(task, state),
    );
    return JSON.stringify({ taskArns });
  }
  if (action === 'ecs.DescribeTasks') {
    const names: readonly Json[] = Array.isArray(asked['tasks']) ? asked['tasks'] : [];
    const found = tasks((task) => names.some((name) => text(name).endsWith(task.id)));
    return JSON.stringify({ tasks: found.map((task) => describeTask(task, state)), failures: [] });
  }
  const { services, ...rest } = readJson(Buffer.from(answer));
  return JSON.stringify({
    ...rest,
    services: list(services).map((service) => describeService(service, state)),
  });
}

const arnOf = ({ id }: TaskState, { service }: LocalState): string =>
  service.replace(':service/', ':task/').replace(/\/[^/]+$/, `/${id}`);

/** ECS tells the end of a container beside that of its task. */
const ended = /^(Essential container in task exited): exit code (\d+)(?:, (.+))?$/;

function describeTask(task: TaskState, state: LocalState): JsonObject {
  const { zone, taskDefinition, digest, status, health, deployment, startedAt, stoppedAt, reason } = task;
  const arn = arnOf(task, state);
  const [, stoppedReason = reason, exitCode, why] = ended.exec(reason ?? '') ?? [];
  const healthStatus = { healthy: 'HEALTHY', unhealthy: 'UNHEALTHY', starting: 'UNKNOWN' }[health];
  return {
    taskArn: arn,
    clusterArn: state.service.replace(':service/', ':cluster/').replace(/\/[^/]+$/, ''),
    taskDefinitionArn: taskDefinition,
    availabilityZone: zone,
    lastStatus: status,
    desiredStatus: status === 'PENDING' || status === 'RUNNING' ? 'RUNNING' : 'STOPPED',
    healthStatus,
    startedBy: deployment,
    group: `service:${state.service.split('/').at(-1) ?? ''}`,
    createdAt: startedAt / 1000,
    startedAt: startedAt / 1000,
    ...(stoppedAt === undefined ? {} : { stoppedAt: stoppedAt / 1000 }),
    ...(stoppedReason === undefined ? {} : { stoppedReason }),
    ...(exitCode === undefined ? {} : { stopCode: 'EssentialContainerExited' }),
    containers: [
      {
        name: 'api',
        imageDigest: digest,
        lastStatus: status,
        healthStatus,
        taskArn: arn,
        ...(exitCode === undefined ? {} : { exitCode: Number(exitCode) }),
        ...(why === undefined ? {} : { reason: why }),
      },
    ],
  };
}

function describeService(service: JsonObject, state: LocalState): JsonObject {
  if (service['serviceArn'] !== state.service) return service;
  const running = (deployment?: string): number =>
    state.tasks.filter(
      (task) => task.status === 'RUNNING' && (deployment ?? task.deployment) === task.deployment,
    ).length;
  const pending = state.tasks.filter(({ status }) => status === 'PENDING').length;
  const [model] = list(service['deployments']);
  const deployments = state.deployments
    .filter(({ id }, index) => index === 0 || running(id) > 0)
    .map(({ id, taskDefinition, rolloutState, reason, failedTasks, createdAt, updatedAt }, index) => ({
      ...model,
      id,
      status: index === 0 ? 'PRIMARY' : 'ACTIVE',
      taskDefinition,
      rolloutState,
      rolloutStateReason: reason,
      failedTasks,
      desiredCount: index === 0 ? state.desiredCount : 0,
      runningCount: running(id),
      createdAt: createdAt / 1000,
      updatedAt: updatedAt / 1000,
    }));
  return { ...service, runningCount: running(), pendingCount: pending, deployments };
}

function targetHealth({ tasks }: LocalState): string {
  const members = tasks
    .filter(
      ({ status, healthyAt }) => status !== 'STOPPED' && (healthyAt !== undefined || status === 'PENDING'),
    )
    .map((task) => {
      const { hostname, port } = new URL(task.url);
      return (
        `<member><Target><Id>${hostname}</Id><Port>${port}</Port><AvailabilityZone>${escape(task.zone)}</AvailabilityZone></Target>` +
        `<HealthCheckPort>${port}</HealthCheckPort><TargetHealth><State>${targetState(task)}</State></TargetHealth></member>`
      );
    });
  return (
    '<DescribeTargetHealthResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/">' +
    `<DescribeTargetHealthResult><TargetHealthDescriptions>${members.join('')}</TargetHealthDescriptions></DescribeTargetHealthResult>` +
    `<ResponseMetadata><RequestId>local</RequestId></ResponseMetadata></DescribeTargetHealthResponse>`
  );
}

const targetState = ({ status, health }: TaskState): string => {
  if (status === 'DEACTIVATING') return 'draining';
  return status === 'PENDING' ? 'initial' : health;
};
