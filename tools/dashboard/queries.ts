import type { Slo } from '../slo/objectives.ts';
import { seriesKey } from './recording.ts';

const requests = 'http_request_duration_seconds';
const calls = 'dynamodb_call_duration_seconds';
const quantile = (share: number, metric: string, by = '') =>
  `histogram_quantile(${share}, sum by (le${by === '' ? '' : `,${by}`}) (increase(${metric}[1m])))`;

/** What CloudWatch's metrics are in Prometheus, a minute each: the service knows all of it but what AWS alone has. */
export function prometheusQueries({ objectives }: Slo): Readonly<Record<string, string>> {
  const counted = (matchers = '') => `sum(increase(${requests}_count${matchers}[1m]))`;
  const byClass = (status: string) => `(${counted(`{status_class="${status}"}`)} > 0)`;
  const alb = 'AWS/ApplicationELB';
  const table = 'AWS/DynamoDB';
  const units = (operations: string) =>
    `sum(increase(dynamodb_consumed_capacity_units_total{operation=~"${operations}"}[1m]))`;
  const throttled = (operations: string) =>
    `(sum(increase(${calls}_count{outcome="throttled",operation=~"${operations}"}[1m])) > 0)`;
  const reads = 'GetItem|Query|Scan';
  const writes = 'PutItem|DeleteItem';
  return {
    [seriesKey(alb, 'RequestCount', 'Sum')]: counted(),
    [seriesKey(alb, 'HTTPCode_Target_5XX_Count', 'Sum')]: byClass('5xx'),
    [seriesKey(alb, 'HTTPCode_Target_4XX_Count', 'Sum')]: byClass('4xx'),
    ...Object.fromEntries(
      [50, 90, 99].map((percent) => [
        seriesKey(alb, 'TargetResponseTime', `p${percent}`),
        quantile(percent / 100, `${requests}_bucket`),
      ]),
    ),
    // Of a task with a quarter of a virtual processor and 512 MiB, as dev has them.
    [seriesKey('AWS/ECS', 'CPUUtilization', 'Maximum')]:
      '100 * max(rate(process_cpu_seconds_total[1m])) / 0.25',
    [seriesKey('AWS/ECS', 'MemoryUtilization', 'Maximum')]:
      '100 * max(process_resident_memory_bytes) / (512 * 1024 * 1024)',
    [seriesKey('ECS/ContainerInsights', 'RunningTaskCount', 'Average')]: 'sum(up)',
    [seriesKey(table, 'ConsumedReadCapacityUnits', 'Sum')]: units(reads),
    [seriesKey(table, 'ConsumedWriteCapacityUnits', 'Sum')]: units(writes),
    [seriesKey(table, 'ReadThrottleEvents', 'Sum')]: throttled(reads),
    [seriesKey(table, 'WriteThrottleEvents', 'Sum')]: throttled(writes),
    ...Object.fromEntries(
      ['GetItem', 'PutItem', 'DeleteItem', 'Query', 'Scan'].map((operation) => [
        seriesKey(table, 'SuccessfulRequestLatency', 'p99', operation),
        `1000 * ${quantile(0.99, `${calls}_bucket{outcome="ok",operation="${operation}"}`)}`,
      ]),
    ),
    ...Object.fromEntries(
      Object.entries(objectives).flatMap(([name, { methods, bound_ms: bound }]) => {
        const matching = `route=~"/movies.*",method=~"${methods.join('|')}"`;
        const all = counted(`{${matching}}`);
        const inTime = bound === undefined ? '_count' : '_bucket';
        const le = bound === undefined ? '' : `,le="${bound / 1_000}"`;
        const good = `(sum(increase(${requests}${inTime}{${matching},status_class!="5xx"${le}}[1m])) or vector(0))`;
        return [
          [seriesKey('Movies', `${name}_all`, 'Sum'), all],
          [seriesKey('Movies', `${name}_bad`, 'Sum'), `clamp_min(${all} - ${good}, 0)`],
        ];
      }),
    ),
  };
}
