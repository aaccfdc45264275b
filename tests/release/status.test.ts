import { expect, test } from '@jest/globals';
import type { Report } from '../../tools/lib/insights.ts';
import { describeStatus, type Alarm, type Facts } from '../../tools/release/status.ts';

const now = new Date('2026-01-02T03:20:00Z');
const minutesAgo = (minutes: number): Date => new Date(now.getTime() - minutes * 60_000);
const definition = (revision: number): string =>
  `arn:aws:ecs:eu-west-1:123456789012:task-definition/movies-api-dev:${revision}`;
const digest = `sha256:${'a'.repeat(64)}`;
const alarm = (changes: Partial<Alarm> = {}): Alarm => ({
  name: 'movies-api-dev-no-healthy-task',
  state: 'OK',
  isEnabled: true,
  description: 'Nobody is served. Severity: page. Runbook: https://example.com/runbook.md#no-healthy-task',
  since: minutesAgo(3_000),
  appliedAt: minutesAgo(4_000),
  ...changes,
});
const task = {
  taskArn: 'cluster/0123',
  availabilityZone: 'eu-west-1a',
  containers: [{ name: 'api', imageDigest: digest }],
};
const stopped = {
  ...task,
  taskArn: 'cluster/0456',
  stoppedAt: minutesAgo(12),
  stoppedReason: 'Essential container in task exited',
  containers: [{ name: 'api', exitCode: 137 }],
};
const primary = {
  taskDefinition: definition(7),
  rolloutState: 'COMPLETED' as const,
  createdAt: minutesAgo(4_320),
};

const drifted: Report = {
  id: '',
  title: '',
  details: 'dev differs: 1 by hand',
  report_type: 'BUG',
  result: 'FAILED',
  data: [],
  annotations: [
    {
      annotation_type: 'VULNERABILITY',
      result: 'FAILED',
      severity: 'HIGH',
      summary: 'aws_security_group.alb is changed by hand: ingress (a person)',
    },
  ],
};

/** An environment that is well, but for what is named. */
const facts = (changes: Partial<Facts> = {}): Facts => ({
  environment: 'dev',
  meant: { taskDefinition: definition(7), image: `repository@${digest}` },
  service: { value: { runningCount: 2, desiredCount: 2, deployments: [primary] } },
  definition: {
    value: {
      definition: {
        registeredBy: 'arn:aws:sts::123456789012:assumed-role/movies-api-dev-apply/bitbucket-41-dev',
      },
      commit: 'c0ffee',
    },
  },
  tasks: { value: [task, { ...task, availabilityZone: 'eu-west-1b' }] },
  failed: { value: [] },
  targets: { value: ['healthy', 'healthy'] },
  alarms: { value: [alarm()] },
  alarmNames: ['movies-api-dev-no-healthy-task'],
  drift: { unknown: 'nobody looked from here' },
  changes: { value: [] },
  ...changes,
});
const judge = (changes: Partial<Facts>) => describeStatus(facts(changes), now);
/** The service, of which this is known besides. */
const serving = (...deployments: readonly object[]) => ({
  service: { value: { deployments } } as Facts['service'],
});
const ringing = (changes: Partial<Alarm>) => ({ alarms: { value: [alarm(changes)] } });
const denied = { unknown: 'AccessDenied: no' };

test('an environment that is well says what runs, since when and who released it, and that nothing is wrong', () => {
  expect(judge({})).toEqual({
    isWrong: false,
    text: `dev at 2026-01-02 03:20 UTC

Runs
  image      ${digest}
  commit     c0ffee
  tasks      2 of 2, zones eu-west-1a eu-west-1b
  released   since 2025-12-30 03:20 UTC, 3 days ago
  by         arn:aws:sts::123456789012:assumed-role/movies-api-dev-apply/bitbucket-41-dev

Wrong now: nothing

In the last day
  drift: not known: nobody looked from here
  nobody changed anything by the AWS API`,
  });
});

test.each<readonly [string, Partial<Facts>, string]>([
  [
    'an alarm rings',
    ringing({ state: 'ALARM', since: minutesAgo(8) }),
    'page       movies-api-dev-no-healthy-task since 2026-01-02 03:12 UTC, 8 min ago',
  ],
  ['an alarm tells nobody', ringing({ isEnabled: false }), 'movies-api-dev-no-healthy-task tells nobody'],
  [
    'an alarm was deleted',
    { alarms: { value: [] } },
    'movies-api-dev-no-healthy-task was applied, and is gone',
  ],
  ['no target is left', { targets: { value: [] } }, 'nobody is served'],
  [
    'a target is ill',
    { targets: { value: ['healthy', 'unhealthy 10.0.0.1 eu-west-1a'] } },
    'unhealthy 10.0.0.1 eu-west-1a',
  ],
  [
    'a release was rolled back',
    serving({ ...primary, taskDefinition: definition(6) }),
    'movies-api-dev:6 runs, movies-api-dev:7 was applied: it was rolled back',
  ],
  [
    'something else than a release deployed',
    serving({ ...primary, taskDefinition: definition(8) }),
    'movies-api-dev:8 runs, movies-api-dev:7 was applied: it was made past Terraform, and the next release',
  ],
  [
    'a deployment failed',
    serving(primary, {
      taskDefinition: definition(8),
      rolloutState: 'FAILED',
      rolloutStateReason: 'tasks failed to start',
    }),
    'movies-api-dev:8 failed: tasks failed to start',
  ],
  [
    'tasks are lost',
    { service: { value: { runningCount: 1, desiredCount: 2, deployments: [primary] } } },
    '1 run, 2 are wanted',
  ],
  [
    'a task runs another image',
    { meant: { taskDefinition: definition(7), image: 'repository@sha256:b' } },
    'which is not what was applied',
  ],
  [
    'a container beside the service is gone',
    {
      tasks: {
        value: [
          {
            ...task,
            lastStatus: 'RUNNING',
            containers: [
              { name: 'api', imageDigest: digest, lastStatus: 'RUNNING' },
              { name: 'collector', lastStatus: 'STOPPED', exitCode: 1, reason: 'Error' },
            ],
          },
        ],
      },
    },
    'container  collector of task 0123 has stopped, exit code 1 Error',
  ],
  [
    'somebody changed it by hand',
    { drift: { value: { at: minutesAgo(300), report: drifted } } },
    'dev differs: 1 by hand (seen 5 h ago)\n             aws_security_group.alb is changed by hand: ingress (a person)\n',
  ],
  [
    'the last look at drift is older than the deployment',
    { drift: { value: { at: minutesAgo(5_000), report: drifted } } },
    '(seen 3 days ago, before the last deployment: make drift ENV=dev looks again)',
  ],
  ['the alarms may not be read', { alarms: denied }, 'alarms: not known (AccessDenied: no)'],
  ['the targets may not be read', { targets: denied }, 'targets: not known (AccessDenied: no)'],
])('where %s, that is wrong, and it is said', (_what, changes, line) => {
  const { isWrong, text } = judge(changes);

  expect(isWrong).toBe(true);
  expect(text.slice(text.indexOf('WRONG NOW'), text.indexOf('In the last day'))).toContain(line);
});

test.each<readonly [string, Partial<Facts>, string]>([
  [
    'a deployment that is under way',
    {
      service: {
        value: {
          runningCount: 3,
          desiredCount: 2,
          deployments: [{ ...primary, rolloutState: 'IN_PROGRESS', createdAt: minutesAgo(2) }],
        },
      },
    },
    'deployment of movies-api-dev:7: IN_PROGRESS',
  ],
  [
    'an alarm that is over',
    ringing({ since: minutesAgo(90) }),
    'movies-api-dev-no-healthy-task is quiet again',
  ],
  [
    'a task that ran out of memory',
    {
      failed: {
        value: [
          {
            ...stopped,
            containers: [
              {
                name: 'api',
                exitCode: 137,
                reason: 'OutOfMemoryError: Container killed due to memory usage',
              },
              { name: 'collector' },
            ],
          },
        ],
      },
    },
    '2026-01-02 03:08 UTC  task 0456 in eu-west-1a failed: Essential container in task exited (api: exit code 137, OutOfMemoryError: Container killed due to memory usage)\n',
  ],
  [
    'a zone that was lost with its task',
    { failed: { value: [{ ...stopped, availabilityZone: 'eu-west-1c' }] } },
    'task 0456 in eu-west-1c failed: Essential container in task exited (api: exit code 137, killed, not for its memory); no task runs in eu-west-1c now\n',
  ],
  ['a target that is new', { targets: { value: ['healthy', 'initial 10.0.0.2'] } }, 'nobody changed'],
  [
    'what somebody called three times',
    {
      changes: {
        value: [1, 2, 3].map((minutes) => ({ at: minutesAgo(minutes), who: 'ann', action: 'UpdateService' })),
      },
    },
    '2026-01-02 03:19 UTC  ann UpdateService (3 times)',
  ],
  ['a trail that may not be read', { changes: denied }, 'who changed what: not known (AccessDenied: no)'],
])('%s is told, and nothing is wrong', (_what, changes, line) => {
  const { isWrong, text } = judge(changes);

  expect(isWrong).toBe(false);
  expect(text.slice(text.indexOf('In the last day'))).toContain(line);
});

test('an alarm that was just applied has not rung', () => {
  const fresh = alarm({ since: minutesAgo(5), appliedAt: minutesAgo(6) });

  expect(judge({ alarms: { value: [fresh] } }).text).not.toContain('quiet again');
});

test('a release that was taken back is told, also when all is well since', () => {
  const reason = 'ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1.';
  const message = '(service movies-api-dev) (deployment ecs-svc/2) deployment failed: tasks failed to start.';
  const events = [
    { createdAt: minutesAgo(9), message },
    { createdAt: minutesAgo(8), message: 'steady state.' },
  ];
  const deployments = [{ ...primary, createdAt: minutesAgo(8), rolloutStateReason: reason }];

  const { isWrong, text } = judge({
    service: { value: { runningCount: 2, desiredCount: 2, deployments, events } },
  });

  expect(isWrong).toBe(false);
  expect(text).toContain(`03:12 UTC  deployment of movies-api-dev:7: COMPLETED ${reason}\n`);
  expect(text).toContain(`03:11 UTC  ${message}\n`);
  expect(text).not.toContain('steady state.');
});

test('it stays one screen: what is too much is counted', () => {
  const many = Array.from({ length: 40 }, (_, index) => ({
    at: minutesAgo(index),
    who: `person-${index}`,
    action: 'PutRule',
  }));

  const { text } = judge({ changes: { value: many } });

  expect(text.split('\n').length).toBeLessThan(25);
  expect(text).toContain('… 33 more');
});
