import { randomBytes, randomUUID } from 'node:crypto';
import { type CompositeAlarm, type MetricAlarm, paginateDescribeAlarms } from '@aws-sdk/client-cloudwatch';
import { FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { expect } from '@jest/globals';
import { eventually, type Patience } from '../../support/eventually.ts';
import { askCloudWatch, askLogs } from '../aws.ts';
import type { Deployment } from '../deployment.ts';
import { ask, patienceWith, type ProbeGroup } from '../probe.ts';

type Line = Readonly<Record<string, unknown>>;

async function findLines(deployment: Deployment, requestId: string, since: number): Promise<readonly Line[]> {
  const { events = [] } = await askLogs(deployment, (logs) =>
    logs.send(
      new FilterLogEventsCommand({
        logGroupName: deployment.outputs.logGroupName,
        filterPattern: `"${requestId}"`,
        startTime: since,
      }),
    ),
  );
  return events
    .map(({ message = '{}' }) => JSON.parse(message) as Line)
    .filter((line) => line['requestId'] === requestId);
}

export async function checkLogsArrive(
  deployment: Deployment,
  patience: Patience = patienceWith(deployment, 20_000, 180_000),
): Promise<void> {
  const requestId = randomUUID();
  const traceId = randomBytes(16).toString('hex');
  const since = Date.now() - 60_000;
  const traceparent = `00-${traceId}-${randomBytes(8).toString('hex')}-01`;

  const { status } = await ask(deployment, '/movies?year=1998', {
    scope: 'movies/read',
    headers: { 'x-request-id': requestId, traceparent },
  });

  const line = { requestId, traceId, method: 'GET', route: '/movies', status };
  await eventually(async () => {
    expect(await findLines(deployment, requestId, since)).toEqual([expect.objectContaining(line)]);
  }, patience);
}

async function describeAlarms(deployment: Deployment, prefix: string) {
  return askCloudWatch(deployment, async (client) => {
    const alarms: (MetricAlarm | CompositeAlarm)[] = [];
    const pages = paginateDescribeAlarms(
      { client },
      { AlarmNamePrefix: prefix, AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] },
    );
    for await (const { MetricAlarms: metric = [], CompositeAlarms: composite = [] } of pages) {
      alarms.push(...metric, ...composite);
    }
    return alarms;
  });
}

/** Every alarm of the environment; their names begin with its name. */
export async function checkAlarms(deployment: Deployment): Promise<void> {
  const { serviceName, alarmNames } = deployment.outputs;

  const found = await describeAlarms(deployment, `${serviceName}-`);
  // Scaling makes alarms of its own: they are in ALARM whenever there is little to do.
  const alarms = found.filter(({ AlarmName: name = '' }) => !name.startsWith('TargetTracking-'));

  const names = (of: typeof alarms) => of.map(({ AlarmName: name }) => name);
  expect(alarmNames.length).toBeGreaterThan(0);
  expect({
    missing: alarmNames.filter((name) => !names(alarms).includes(name)),
    disabled: names(alarms.filter(({ ActionsEnabled: enabled }) => enabled !== true)),
    inAlarm: names(alarms.filter(({ StateValue: state }) => state === 'ALARM')),
  }).toEqual({ missing: [], disabled: [], inAlarm: [] });
}

export const telemetryProbes: ProbeGroup = {
  name: 'telemetry',
  probes: {
    'the log line of the very request that was sent arrives, with its trace id': checkLogsArrive,
    'every alarm exists, is enabled, and is not in alarm': checkAlarms,
  },
};

/** What a scraper would take. */
const exposition = /^# TYPE /m;
const doors = ['/metrics', '/metrics/', '//metrics', '/%6detrics', '/METRICS'];

export async function checkMetricsAreClosed(deployment: Deployment): Promise<void> {
  const answers = await Promise.all(doors.map((path) => ask(deployment, path, { scope: 'movies/read' })));

  expect(answers.map(({ status, text }) => ({ isOpen: status < 400 || exposition.test(text) }))).toEqual(
    doors.map(() => ({ isOpen: false })),
  );
}

export async function checkMetricsAreScrapeable(deployment: Deployment): Promise<void> {
  const urls = (await deployment.metricsUrls?.()) ?? [];

  const texts = await Promise.all(
    urls.map(async (url) => (await fetch(url, { signal: AbortSignal.timeout(5_000) })).text()),
  );

  expect(texts.length).toBeGreaterThan(0);
  expect(texts.map((text) => /^http_request_duration_seconds_count\{/m.test(text))).toEqual(
    texts.map(() => true),
  );
}

export const metricsProbes: readonly ProbeGroup[] = [
  {
    name: 'metrics from outside',
    probes: { 'are behind no path of the load balancer': checkMetricsAreClosed },
  },
  {
    name: 'metrics from inside',
    needs: ['the network of the tasks'],
    probes: { 'can be scraped from every task': checkMetricsAreScrapeable },
  },
];
