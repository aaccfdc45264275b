import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CloudTrailClient, paginateLookupEvents } from '@aws-sdk/client-cloudtrail';
import { CloudWatchClient, paginateDescribeAlarms } from '@aws-sdk/client-cloudwatch';
import {
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ECSClient,
  ListTasksCommand,
  type Service,
  type Task,
  type TaskDefinition,
} from '@aws-sdk/client-ecs';
import {
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { reasonOf, textOf } from '../../app/src/commands/problem.ts';
import type { Report } from '../lib/insights.ts';
import { clientSettings } from '../lib/terraform/emulated.ts';

type Outputs = Readonly<Record<string, unknown>>;

/** What was asked, or why there is no answer. */
export type Known<T> = { readonly value: T } | { readonly unknown: string };

export interface Alarm {
  readonly name: string;
  readonly state: string;
  /** Whether it tells anybody when it rings. */
  readonly isEnabled: boolean;
  readonly description: string;
  /** Since when it is in its state. */
  readonly since: Date | undefined;
  /** When it was applied; its first state comes a moment later. */
  readonly appliedAt: Date | undefined;
}

/** A call that changed something. */
export interface Change {
  readonly at: Date;
  readonly who: string;
  readonly action: string;
}

/** Everything that is asked of an environment, at one moment. */
export interface Facts {
  readonly environment: string;
  /** Of the task definition that was applied last, and the image that it names. */
  readonly meant: { readonly taskDefinition: string; readonly image: string };
  readonly service: Known<Service>;
  readonly definition: Known<{ readonly definition: TaskDefinition; readonly commit: string }>;
  readonly tasks: Known<readonly Task[]>;
  /** Those that failed; ECS tells them for about an hour. */
  readonly failed: Known<readonly Task[]>;
  /** State of each target, `healthy` or the reason. */
  readonly targets: Known<readonly string[]>;
  readonly alarms: Known<readonly Alarm[]>;
  /** Alarms that were applied. */
  readonly alarmNames: readonly string[];
  readonly drift: Known<{ readonly report: Report; readonly at: Date }>;
  readonly changes: Known<readonly Change[]>;
}

export interface Status {
  readonly text: string;
  /** Also when it could not be found out whether something is. */
  readonly isWrong: boolean;
}

const dayMs = 86_400_000;
/** CloudTrail answers two pages of 50 a second: a busy account is told as one. */
const mostEvents = 500;
/** One screen: of more than these the rest is counted. */
const mostLines = 8;

/** One screen: what runs, what is wrong now, what changed in the last day. Nothing is asked here. */
export function describeStatus(facts: Facts, now: Date): Status {
  const wrong = findWrong(facts, now);
  const text = [
    `${facts.environment} at ${minute(now)}`,
    section('Runs', describeRunning(facts, now)),
    section(wrong.length === 0 ? 'Wrong now: nothing' : 'WRONG NOW', wrong),
    section('In the last day', describeDay(facts, now)),
  ].join('\n\n');
  return { text, isWrong: wrong.length > 0 };
}

const section = (title: string, lines: readonly string[]): string => {
  const rest = lines.length - mostLines;
  return [
    title,
    ...lines.slice(0, mostLines).map((line) => `  ${line}`),
    ...(rest > 0 ? [`  … ${rest} more`] : []),
  ].join('\n');
};

const minute = (at: Date): string =>
  at
    .toISOString()
    .replace('T', ' ')
    .replace(/:\d\d\.\d+Z$/, ' UTC');

const ago = (at: Date, now: Date): string => {
  const minutes = Math.max(0, Math.round((now.getTime() - at.getTime()) / 60_000));
  const [hours, days] = [Math.round(minutes / 60), Math.round(minutes / 1_440)];
  return minutes < 100 ? `${minutes} min ago` : hours < 48 ? `${hours} h ago` : `${days} days ago`;
};

const since = (at: Date | undefined, now: Date): string =>
  at === undefined ? 'since when is not known' : `since ${minute(at)}, ${ago(at, now)}`;

const tell = <T>(known: Known<T>, about: (value: T) => string): string =>
  'unknown' in known ? `not known: ${known.unknown}` : about(known.value);

const digestOf = (image: string): string => image.split('@')[1] ?? image;

function describeRunning({ meant, service, definition, tasks }: Facts, now: Date): readonly string[] {
  const primary = 'value' in service ? service.value.deployments?.[0] : undefined;
  return [
    `image      ${digestOf(meant.image)}`,
    `commit     ${tell(definition, ({ commit }) => commit)}`,
    `tasks      ${tell(service, ({ runningCount = 0, desiredCount = 0 }) => `${runningCount} of ${desiredCount}`)}${'value' in tasks ? `, zones ${[...new Set(tasks.value.map(({ availabilityZone: zone = '?' }) => zone))].sort().join(' ')}` : ''}`,
    `released   ${since(primary?.createdAt, now)}`,
    `by         ${tell(definition, ({ definition: { registeredBy } }) => registeredBy ?? 'not told here')}`,
  ];
}

function findWrong(facts: Facts, now: Date): readonly string[] {
  const { alarms, targets, service, tasks, drift } = facts;
  const of = <T>(what: string, known: Known<T>, judge: (value: T) => readonly string[]): readonly string[] =>
    'unknown' in known ? [`${what}: not known (${known.unknown})`] : judge(known.value);
  return [
    ...of('alarms', alarms, (found) => judgeAlarms(found, facts.alarmNames, now)),
    ...of('targets', targets, judgeTargets),
    ...of('service', service, (found) => judgeService(found, facts.meant.taskDefinition)),
    ...of('tasks', tasks, (found) => [
      ...judgeTasks(found, facts.meant.image),
      ...found.flatMap(judgeContainers),
    ]),
    ...('value' in drift && drift.value.report.result === 'FAILED'
      ? [
          `drift      ${drift.value.report.details} (seen ${ago(drift.value.at, now)}${releasedAfter(facts, drift.value.at)})`,
          ...drift.value.report.annotations.map(({ summary }) => `           ${summary}`),
        ]
      : []),
  ];
}

/** A release takes back what was changed by hand, and leaves the last look at drift as it was. */
const releasedAfter = ({ service, environment }: Facts, at: Date): string =>
  'value' in service && (service.value.deployments?.[0]?.createdAt ?? at) > at
    ? `, before the last deployment: make drift ENV=${environment} looks again`
    : '';

/** Parts of burn-rate alarms tell nobody, so they are not told here either. */
function judgeAlarms(found: readonly Alarm[], applied: readonly string[], now: Date): readonly string[] {
  const known = found.filter(({ name }) => applied.includes(name));
  const missing = applied.filter((name) => !known.some((alarm) => alarm.name === name));
  const severity = ({ description }: Alarm): string => /Severity: (\w+)/.exec(description)?.[1] ?? 'alarm';
  return [
    ...known
      .filter(({ state }) => state === 'ALARM')
      .sort((a, b) => severity(a).localeCompare(severity(b)))
      .map(
        (alarm) =>
          `${severity(alarm).padEnd(10)} ${alarm.name} ${since(alarm.since, now)}\n${' '.repeat(13)}${alarm.description}`,
      ),
    ...known
      .filter(({ isEnabled }) => !isEnabled)
      .map(({ name }) => `silent     ${name} tells nobody: its actions are off`),
    ...missing.map((name) => `missing    ${name} was applied, and is gone`),
  ];
}

function judgeTargets(states: readonly string[]): readonly string[] {
  const healthy = states.filter((state) => state === 'healthy').length;
  const unhealthy = states.filter((state) => !/^(healthy|initial|draining)/.test(state));
  return [
    ...(healthy === 0 ? ['targets    none is healthy: nobody is served'] : []),
    ...unhealthy.map((state) => `target     ${state}`),
  ];
}

function judgeService(
  { deployments = [], runningCount = 0, desiredCount = 0 }: Service,
  meant: string,
): readonly string[] {
  const [primary] = deployments;
  const failed = deployments.find(({ rolloutState }) => rolloutState === 'FAILED');
  const isDone = primary?.rolloutState === 'COMPLETED';
  return [
    ...(failed === undefined
      ? []
      : [
          `deployment of ${revision(failed.taskDefinition)} failed: ${failed.rolloutStateReason ?? 'no reason told'}`,
        ]),
    ...(primary?.taskDefinition === meant
      ? []
      : [
          `deployment ${revision(primary?.taskDefinition)} runs, ${revision(meant)} was applied: ${
            numberOf(primary?.taskDefinition) > numberOf(meant)
              ? 'it was made past Terraform, and the next release takes it back'
              : 'it was rolled back'
          }`,
        ]),
    ...(isDone && runningCount < desiredCount
      ? [`tasks      ${runningCount} run, ${desiredCount} are wanted`]
      : []),
  ];
}

/** Revisions of a task definition are counted up, whoever registers one. */
const numberOf = (arn = ''): number => Number(/:(\d+)$/.exec(arn)?.[1] ?? 0);

const revision = (arn: string | undefined): string => arn?.split('/').at(-1) ?? 'nothing';

function judgeTasks(tasks: readonly Task[], image: string): readonly string[] {
  const foreign = tasks.flatMap(({ containers = [], taskArn = '' }) =>
    containers
      .filter(
        ({ name, imageDigest }) =>
          name === 'api' && imageDigest !== undefined && imageDigest !== digestOf(image),
      )
      .map(
        ({ imageDigest = '' }) =>
          `task       ${taskArn.split('/').at(-1) ?? ''} runs ${imageDigest}, which is not what was applied`,
      ),
  );
  return foreign;
}

const nameOf = ({ taskArn = '' }: Task): string => taskArn.split('/').at(-1) ?? '';

/** A task goes on without a container that is not essential, and what that one did is missing. */
const judgeContainers = (task: Task): readonly string[] =>
  (task.containers ?? [])
    .filter(({ lastStatus }) => task.lastStatus === 'RUNNING' && lastStatus === 'STOPPED')
    .map(({ name = '?', exitCode = 'not known', reason = '' }) =>
      `container  ${name} of task ${nameOf(task)} has stopped, exit code ${exitCode} ${reason}`.trimEnd(),
    );

function describeDay(
  { service, alarms, changes, drift, failed, tasks }: Facts,
  now: Date,
): readonly string[] {
  const isToday = (at: Date | undefined): boolean => at !== undefined && now.getTime() - at.getTime() < dayMs;
  const deployments = 'value' in service ? (service.value.deployments ?? []) : [];
  const quiet = 'value' in alarms ? alarms.value : [];
  return [
    ...deployments
      .filter(({ createdAt }) => isToday(createdAt))
      .map(({ createdAt = now, taskDefinition, rolloutState = '?', rolloutStateReason: reason = '' }) =>
        `${minute(createdAt)}  deployment of ${revision(taskDefinition)}: ${rolloutState} ${reason}`.trimEnd(),
      ),
    // A deployment that was taken back is no longer among them.
    ...('value' in service ? (service.value.events ?? []) : [])
      .filter(
        ({ createdAt, message = '' }) =>
          isToday(createdAt) && /fail|rolling back|unable|unhealthy/.test(message),
      )
      .map(({ createdAt = now, message = '' }) => `${minute(createdAt)}  ${message}`),
    ...('unknown' in failed
      ? [`tasks that failed: not known (${failed.unknown})`]
      : failed.value.map((task) => describeFailed(task, tasks, now))),
    `drift: ${tell(drift, ({ report, at }) => `looked at ${ago(at, now)}: ${report.details}`)}`,
    ...quiet
      .filter((alarm) => alarm.state === 'OK' && isToday(alarm.since) && !isNew(alarm))
      .map(({ name, since: at = now }) => `${minute(at)}  ${name} is quiet again`),
    ...('unknown' in changes
      ? [`who changed what: not known (${changes.unknown})`]
      : changes.value.length === 0
        ? ['nobody changed anything by the AWS API']
        : groupChanges(changes.value)),
  ];
}

function describeFailed(task: Task, running: Facts['tasks'], now: Date): string {
  const { availabilityZone: zone = 'no zone', stoppedAt = now, stoppedReason = 'no reason told' } = task;
  const ends = (task.containers ?? [])
    .filter(({ exitCode }) => exitCode !== undefined)
    .map(({ name = '?', exitCode = 0, reason = exitCode === 137 ? 'killed, not for its memory' : '' }) =>
      [`${name}: exit code ${exitCode}`, reason].filter(Boolean).join(', '),
    );
  const isZoneEmpty =
    'value' in running && !running.value.some(({ availabilityZone }) => availabilityZone === zone);
  return [
    `${minute(stoppedAt)}  task ${nameOf(task)} in ${zone} failed: ${stoppedReason}`,
    ...ends.map((end) => ` (${end})`),
    ...(isZoneEmpty ? [`; no task runs in ${zone} now`] : []),
  ].join('');
}

/** Its first state, and nothing that was over. */
const isNew = ({ since: at, appliedAt }: Alarm): boolean =>
  at !== undefined && appliedAt !== undefined && at.getTime() - appliedAt.getTime() < 600_000;

/** One line for each caller and action: when last, and how often. */
function groupChanges(changes: readonly Change[]): readonly string[] {
  const times = new Map<string, readonly Date[]>();
  for (const { at, who, action } of changes) {
    const name = `${who} ${action}`;
    times.set(name, [...(times.get(name) ?? []), at]);
  }
  return [...times].map(([name, all]) => {
    const last = new Date(Math.max(...all.map((at) => at.getTime())));
    return `${minute(last)}  ${name}${all.length > 1 ? ` (${all.length} times)` : ''}`;
  });
}

export interface StatusSources {
  readonly environment: string;
  /** Values of `terraform output`. */
  readonly outputs: Outputs;
  /** Address of an emulated account; AWS itself without it. */
  readonly endpoint?: string;
  /** Folder of reports, for the last look at drift. */
  readonly reports: string;
  readonly now: () => Date;
}

/** Asks an environment; it changes nothing. What is refused or not answered is said, and does not stop the rest. */
export async function readFacts({
  environment,
  outputs,
  endpoint,
  reports,
  now,
}: StatusSources): Promise<Facts> {
  const text = (name: string): string => String(outputs[name]);
  const names = (name: string): readonly string[] => {
    const value = outputs[name];
    return Array.isArray(value) ? value.map(String) : [];
  };
  const settings = { ...clientSettings(endpoint, text('region')), maxAttempts: 2 };
  const clients = {
    ecs: new ECSClient(settings),
    elb: new ElasticLoadBalancingV2Client(settings),
    watch: new CloudWatchClient(settings),
    // Two calls a second are granted.
    trail: new CloudTrailClient({ ...settings, maxAttempts: 6 }),
  };
  const [cluster, service] = [text('cluster_name'), text('service_name')];
  try {
    const [described, tasks, failed, targets, alarms, changes, drift] = await Promise.all([
      known(() => askService(clients.ecs, cluster, service)),
      known(() => askTasks(clients.ecs, cluster, service)),
      known(async () => (await askTasks(clients.ecs, cluster, service, 'STOPPED')).filter(hasFailed)),
      known(() => askTargets(clients.elb, text('target_group_arn'))),
      known(() => askAlarms(clients.watch, `${service}-`)),
      known(() => askChanges(clients.trail, service, now())),
      known(() => readDrift(join(reports, `drift-${environment}`, 'report.json'), environment)),
    ]);
    const running = 'value' in described ? described.value.deployments?.[0]?.taskDefinition : undefined;
    return {
      environment,
      meant: { taskDefinition: text('task_definition_arn'), image: text('image') },
      service: described,
      definition: await known(() => askDefinition(clients.ecs, running ?? text('task_definition_arn'))),
      tasks,
      failed,
      targets,
      alarms,
      alarmNames: [...names('deployment_alarm_names'), ...names('alarm_names')],
      drift,
      changes,
    };
  } finally {
    for (const client of Object.values(clients)) client.destroy();
  }
}

async function known<T>(ask: () => Promise<T>): Promise<Known<T>> {
  try {
    return { value: await ask() };
  } catch (error) {
    const name = textOf(error, 'name');
    return { unknown: [name === 'Error' ? '' : name, reasonOf(error)].filter(Boolean).join(': ') };
  }
}

async function askService(ecs: ECSClient, cluster: string, name: string): Promise<Service> {
  const { services = [] } = await ecs.send(new DescribeServicesCommand({ cluster, services: [name] }));
  const service = services.find(({ status }) => status === 'ACTIVE');
  if (service === undefined) throw new Error(`there is no active service ${name}`);
  return service;
}

async function askDefinition(
  ecs: ECSClient,
  taskDefinition: string,
): Promise<{ definition: TaskDefinition; commit: string }> {
  const { taskDefinition: definition = {}, tags = [] } = await ecs.send(
    new DescribeTaskDefinitionCommand({ taskDefinition, include: ['TAGS'] }),
  );
  return { definition, commit: tags.find(({ key }) => key === 'commit')?.value ?? 'no tag says it' };
}

/** Neither scaling nor a deployment nor a person stopped it. */
const hasFailed = ({ stopCode, stoppedReason = '' }: Task): boolean =>
  ['EssentialContainerExited', 'TaskFailedToStart'].includes(stopCode ?? '') ||
  /^(Essential container in task exited|Task failed)/.test(stoppedReason);

async function askTasks(
  ecs: ECSClient,
  cluster: string,
  serviceName: string,
  desiredStatus: 'RUNNING' | 'STOPPED' = 'RUNNING',
): Promise<readonly Task[]> {
  const { taskArns = [] } = await ecs.send(
    new ListTasksCommand({ cluster, serviceName, desiredStatus, maxResults: 100 }),
  );
  if (taskArns.length === 0) return [];
  return (await ecs.send(new DescribeTasksCommand({ cluster, tasks: taskArns }))).tasks ?? [];
}

async function askTargets(
  elb: ElasticLoadBalancingV2Client,
  TargetGroupArn: string,
): Promise<readonly string[]> {
  const { TargetHealthDescriptions: targets = [] } = await elb.send(
    new DescribeTargetHealthCommand({ TargetGroupArn }),
  );
  return targets.map(({ Target: target, TargetHealth: health }) =>
    health?.State === 'healthy'
      ? 'healthy'
      : [health?.State ?? 'unknown', target?.Id, target?.AvailabilityZone, health?.Description]
          .filter(Boolean)
          .join(' '),
  );
}

async function askAlarms(client: CloudWatchClient, prefix: string): Promise<readonly Alarm[]> {
  const found: Alarm[] = [];
  const pages = paginateDescribeAlarms(
    { client },
    { AlarmNamePrefix: prefix, AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] },
  );
  for await (const { MetricAlarms: metric = [], CompositeAlarms: composite = [] } of pages)
    for (const alarm of [...metric, ...composite])
      found.push({
        name: alarm.AlarmName ?? '',
        state: alarm.StateValue ?? '',
        isEnabled: alarm.ActionsEnabled === true,
        description: alarm.AlarmDescription ?? '',
        since: alarm.StateTransitionedTimestamp ?? alarm.StateUpdatedTimestamp,
        appliedAt: alarm.AlarmConfigurationUpdatedTimestamp,
      });
  return found;
}

/** Calls of the last day that changed something whose name, or whose event, names the environment. */
async function askChanges(client: CloudTrailClient, name: string, now: Date): Promise<readonly Change[]> {
  const changes: Change[] = [];
  let seen = 0;
  const pages = paginateLookupEvents(
    { client },
    {
      StartTime: new Date(now.getTime() - dayMs),
      EndTime: now,
      LookupAttributes: [{ AttributeKey: 'ReadOnly', AttributeValue: 'false' }],
    },
  );
  for await (const { Events: events = [] } of pages) {
    for (const {
      EventTime: at = now,
      Username: who = 'AWS',
      EventName: action = '?',
      CloudTrailEvent: event = '',
    } of events)
      if (event.includes(name)) changes.push({ at, who, action });
    seen += events.length;
    if (seen < mostEvents) continue;
    const last = events.at(-1)?.EventTime ?? now;
    changes.push({
      at: last,
      who: '(the account is busy:',
      action: 'what was before this is not looked at)',
    });
    break;
  }
  return changes;
}

async function readDrift(file: string, environment: string): Promise<{ report: Report; at: Date }> {
  const content = await readFile(file, 'utf8').catch(() => {
    const nightly = environment === 'local' ? '' : `, or the last nightly-drift-${environment}`;
    throw new Error(`nobody looked from here; make drift ENV=${environment}${nightly}`);
  });
  return { report: JSON.parse(content) as Report, at: (await stat(file)).mtime };
}
