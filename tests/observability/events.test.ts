import { beforeAll, describe, expect, test } from '@jest/globals';
import { matchEvents, parseFilterPattern } from '../support/cloudwatch/patterns.ts';
import { planned } from '../support/cloudwatch/alarm.ts';
import { describeWith, program } from '../support/requirements.ts';

const service = 'arn:aws:ecs:eu-west-1:123456789012:service/movies-api-prod/movies-api-prod';
const sent = { version: '0', source: 'aws.ecs', account: '123456789012', region: 'eu-west-1' };
const at = { time: '2026-03-01T12:31:14Z', id: '3317b2af-7005-947d-b652-f55e762e571a' };

const deployment = (eventName: string, reason: string, resource = service) => ({
  ...sent,
  ...at,
  'detail-type': 'ECS Deployment State Change',
  resources: [resource],
  detail: {
    eventType: eventName.endsWith('FAILED') ? 'ERROR' : 'INFO',
    eventName,
    deploymentId: 'ecs-svc/123',
    updatedAt: at.time,
    reason,
  },
});

const action = (eventName: string, eventType: string) => ({
  ...sent,
  ...at,
  'detail-type': 'ECS Service Action',
  resources: [service],
  detail: { eventType, eventName, clusterArn: service.replace(/:service.*/, ':cluster/movies-api-prod') },
});

const task = (detail: object) => ({
  ...sent,
  ...at,
  'detail-type': 'ECS Task State Change',
  resources: ['arn:aws:ecs:eu-west-1:123456789012:task/movies-api-prod/8f07966ff4f4439c8a9e1d3a2f3d4b5c'],
  detail: {
    clusterArn: 'arn:aws:ecs:eu-west-1:123456789012:cluster/movies-api-prod',
    group: 'service:movies-api-prod',
    startedBy: 'ecs-svc/123',
    desiredStatus: 'STOPPED',
    lastStatus: 'STOPPED',
    launchType: 'FARGATE',
    ...detail,
  },
});

const restore = (status: string, role = 'movies-api-prod-restore-euw1') => ({
  ...{ ...sent, ...at, source: 'aws.backup', 'detail-type': 'Restore Job State Change', resources: [] },
  detail: {
    ...{ restoreJobId: 'job-1', resourceType: 'DynamoDB', status },
    iamRoleArn: `arn:aws:iam::123456789012:role/${role}`,
  },
});

/**
 * What ECS publishes, and AWS Backup (https://docs.aws.amazon.com/aws-backup/latest/devguide/eventbridge.html), in the form and words that are documented:
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html, …/ecs_service_events.html,
 * …/ecs_task_events.html and …/stopped-task-error-codes.html. Without what no rule looks at.
 */
const events = {
  'a deployment begins': deployment(
    'SERVICE_DEPLOYMENT_IN_PROGRESS',
    'ECS deployment ecs-svc/123 in progress.',
  ),
  'a deployment is done': deployment('SERVICE_DEPLOYMENT_COMPLETED', 'ECS deployment ecs-svc/123 completed.'),
  'a deployment fails': deployment(
    'SERVICE_DEPLOYMENT_FAILED',
    'ECS deployment circuit breaker: task failed to start.',
  ),
  'a deployment is rolled back': deployment(
    'SERVICE_DEPLOYMENT_IN_PROGRESS',
    'ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/122.',
  ),
  'a deployment of another service fails': deployment(
    'SERVICE_DEPLOYMENT_FAILED',
    'ECS deployment circuit breaker: task failed to start.',
    `${service}-2`,
  ),
  'tasks can’t start': action('SERVICE_TASK_START_IMPAIRED', 'WARN'),
  'tasks find no place': action('SERVICE_TASK_PLACEMENT_FAILURE', 'ERROR'),
  'the service is steady': action('SERVICE_STEADY_STATE', 'INFO'),
  'a task runs': task({ lastStatus: 'RUNNING', desiredStatus: 'RUNNING' }),
  'a collector stops in a task that goes on': task({
    lastStatus: 'RUNNING',
    desiredStatus: 'RUNNING',
    containers: [
      { name: 'api', lastStatus: 'RUNNING' },
      { name: 'collector', lastStatus: 'STOPPED', exitCode: 1 },
    ],
  }),
  'a collector stops with its task': task({
    lastStatus: 'RUNNING',
    containers: [
      { name: 'api', lastStatus: 'RUNNING' },
      { name: 'collector', lastStatus: 'STOPPED', exitCode: 0 },
    ],
  }),
  'a task ends by itself': task({
    stopCode: 'EssentialContainerExited',
    stoppedReason: 'Essential container in task exited',
  }),
  'a task can’t start': task({
    stopCode: 'TaskFailedToStart',
    stoppedReason: 'CannotPullContainerError: pull image manifest has been retried 5 time(s)',
  }),
  'a task fails the load balancer’s checks': task({
    stopCode: 'ServiceSchedulerInitiated',
    stoppedReason:
      'Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/api/0123456789abcdef)',
  }),
  'a task fails its own checks': task({
    stopCode: 'ServiceSchedulerInitiated',
    stoppedReason: 'Task failed container health checks',
  }),
  'a task makes room for a new version': task({
    stopCode: 'ServiceSchedulerInitiated',
    stoppedReason: 'Scaling activity initiated by (deployment ecs-svc/123)',
  }),
  'a Spot task is taken back': task({
    stopCode: 'SpotInterruption',
    stoppedReason: 'Your Spot Task was interrupted.',
  }),
  'a task of another service ends': task({
    group: 'service:another',
    stopCode: 'EssentialContainerExited',
    stoppedReason: 'Essential container in task exited',
  }),
  'a restore fails': restore('FAILED'),
  'a restore is done': restore('COMPLETED'),
  'another restore of the account fails': restore('FAILED', 'other-movies-api-prod-restore'),
} as const;

type EventName = keyof typeof events;

const names = Object.keys(events) as EventName[];
const failedTasks: readonly EventName[] = [
  'a task ends by itself',
  'a task can’t start',
  'a task fails the load balancer’s checks',
  'a task fails its own checks',
];
/** What the rule of the log takes, which the filters below then read. */
const recorded = names.filter((name) => !/another|restore/.test(name));

describeWith([program('python3', 'install Python 3.10 or newer')], 'rules on what AWS publishes', () => {
  // One goes by the clock.
  const rules = [...planned<{ event_pattern: string }>('prod', 'aws_cloudwatch_event_rule')].filter(
    ([name]) => !name.startsWith('outside'),
  );
  let taken: ReadonlyMap<string, readonly EventName[]>;

  beforeAll(async () => {
    const patterns = rules.map(([, { event_pattern: pattern }]) => pattern);
    const matrix = await matchEvents(patterns, Object.values(events));
    taken = new Map(
      rules.map(([rule], row): [string, EventName[]] => [
        rule,
        names.filter((_name, column) => matrix[row]?.[column]),
      ]),
    );
  });

  test('each page is sent for its events of this service, and everything of it is recorded', () => {
    expect(Object.fromEntries(taken)).toEqual({
      'deployment["failed"]': ['a deployment fails'],
      'deployment["rolled-back"]': ['a deployment is rolled back'],
      'deployment["impaired"]': ['tasks can’t start', 'tasks find no place'],
      'restore["failed"]': ['a restore fails'],
      recorded,
    });
  });
});

describe('metric filters on recorded events', () => {
  const filters = planned<{ pattern: string }>('prod', 'aws_cloudwatch_log_metric_filter');
  const countedBy = (filter: string): readonly EventName[] => {
    const matches = parseFilterPattern(filters.get(filter)?.pattern ?? '');
    return recorded.filter((name) => matches(JSON.stringify(events[name])));
  };

  test('a task that failed is counted, one that makes room or is taken back is not', () => {
    expect(countedBy('main["task_failures"]')).toEqual(failedTasks);
  });

  test('a collector that stops alone is counted, and none that stops with its task', () => {
    expect(countedBy('main["containers_lost"]')).toEqual(['a collector stops in a task that goes on']);
  });

  test('a deployment is counted when it begins, a rollback as well', () => {
    expect(countedBy('main["deployments"]')).toEqual(['a deployment begins', 'a deployment is rolled back']);
  });
});
