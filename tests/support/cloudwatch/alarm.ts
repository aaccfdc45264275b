import { readFileSync } from 'node:fs';
import type { Environment } from '../../../tools/checks/plans/inputs.ts';
import { denormalise, type Recording } from '../../../tools/checks/plans/recording.ts';
import { compileMetricMath, type Point } from './metric-math.ts';

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

/** A metric alarm as a plan has it: of one metric, or of several and an expression. */
export interface MetricAlarm {
  readonly alarm_name: string;
  readonly comparison_operator: string;
  readonly threshold?: number;
  readonly evaluation_periods: number;
  readonly datapoints_to_alarm?: number;
  readonly treat_missing_data: string;
  readonly period?: number;
  readonly metric_query?: readonly {
    readonly id: string;
    readonly expression?: string;
    readonly metric?: readonly { readonly period: number }[];
  }[];
}

/** What each metric of an alarm reports in one period, by its id; an alarm's only metric is called `metric` where it has none. */
export type Reported = Readonly<Record<string, Point>>;

/** Periods that CloudWatch looks at beyond those that it evaluates, in search of points that are there. */
const periodsBeyond = 2;

/**
 * The state after each period, by the documented rules: of the points that are there the newest N count; where fewer are
 * there, `treat_missing_data` says what each missing one counts as. M of the N must breach.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 *
 * @param late periods whose metrics are not published yet whenever the alarm is evaluated
 */
export function playAlarm(alarm: MetricAlarm, periods: readonly Reported[], late = 0): readonly AlarmState[] {
  const { value, isBreaching } = readAlarm(alarm);
  const points = periods.map(value);
  const unpublished = Array.from({ length: late }, () => value({}));
  const { evaluation_periods: evaluated, datapoints_to_alarm: needed = evaluated } = alarm;
  const states: AlarmState[] = [];
  for (let end = 1; end <= points.length; end += 1) {
    const range = [...points.slice(0, end), ...unpublished].slice(-evaluated - periodsBeyond);
    const real = range.filter((point) => point !== undefined).slice(-evaluated);
    const breaching = real.filter(isBreaching).length;
    const former = states.at(-1) ?? 'INSUFFICIENT_DATA';
    const missing = evaluated - real.length;
    states.push(stateOf(alarm.treat_missing_data, { breaching, missing, needed, former }));
  }
  return states;
}

interface Counted {
  readonly breaching: number;
  readonly missing: number;
  readonly needed: number;
  readonly former: AlarmState;
}

function stateOf(treatment: string, { breaching, missing, needed, former }: Counted): AlarmState {
  switch (treatment) {
    case 'breaching':
      return breaching + missing >= needed ? 'ALARM' : 'OK';
    case 'notBreaching':
      return breaching >= needed ? 'ALARM' : 'OK';
    case 'ignore':
      return missing > 0 ? former : breaching >= needed ? 'ALARM' : 'OK';
    default:
      throw new Error(`treat_missing_data = ${treatment}: not known here`);
  }
}

/** What an alarm compares in one period, and whether that breaches its threshold. */
export function readAlarm(alarm: MetricAlarm): {
  readonly value: (reported: Reported) => Point;
  readonly isBreaching: (point: number) => boolean;
} {
  const queries = alarm.metric_query ?? [{ id: 'metric', metric: [{ period: alarm.period ?? 60 }] }];
  const metrics = queries.filter(({ metric = [] }) => metric.length > 0);
  const ids = metrics.map(({ id }) => id);
  const evaluate = compileMetricMath(
    queries.find(({ expression }) => expression)?.expression ?? ids[0] ?? '',
  );
  const period = metrics[0]?.metric?.[0]?.period ?? 60;
  return {
    isBreaching: breachOf(alarm),
    value: (reported) => {
      const unknown = Object.keys(reported).filter((id) => !ids.includes(id));
      if (unknown.length > 0)
        throw new Error(`${alarm.alarm_name} has no ${unknown.join(', ')}: ${ids.join(', ')}`);
      return evaluate({ period, metrics: Object.fromEntries(ids.map((id) => [id, reported[id]])) });
    },
  };
}

function breachOf({
  comparison_operator: operator,
  threshold = Number.NaN,
}: MetricAlarm): (point: number) => boolean {
  switch (operator) {
    case 'GreaterThanOrEqualToThreshold':
      return (point) => point >= threshold;
    case 'GreaterThanThreshold':
      return (point) => point > threshold;
    case 'LessThanThreshold':
      return (point) => point < threshold;
    default:
      throw new Error(`${operator}: not known here`);
  }
}

/**
 * An alarm on a metric's usual band, with the band that a history has: mean and deviations. What AWS learns from weeks is
 * not public; this stands for it.
 */
export function withBand(alarm: MetricAlarm, history: readonly number[]): MetricAlarm {
  const band = alarm.metric_query?.find(({ expression }) => expression)?.expression ?? '';
  const [, deviations = ''] = /^ANOMALY_DETECTION_BAND\(\w+, (\d+)\)$/.exec(band) ?? [];
  const mean = history.reduce((sum, value) => sum + value, 0) / history.length;
  const variance = history.reduce((sum, value) => sum + (value - mean) ** 2, 0) / history.length;
  return {
    ...alarm,
    comparison_operator: alarm.comparison_operator.replace('UpperThreshold', 'Threshold'),
    threshold: mean + Number(deviations || Number.NaN) * Math.sqrt(variance),
    metric_query: alarm.metric_query?.filter(({ expression }) => !expression) ?? [],
  };
}

/** What the recorded plan of an environment creates of a type, by its address within its module. */
export function planned<T>(environment: Environment, type: string): ReadonlyMap<string, T> {
  const text = readFileSync(`tests/checks/plan/recorded/${environment}.json`, 'utf8');
  const changes = denormalise((JSON.parse(text) as Recording).plan).resource_changes ?? [];
  return new Map(
    changes
      .filter((change) => change.type === type)
      .map(({ address, change }): [string, T] => [
        address.slice(address.indexOf(type) + type.length + 1),
        change.after as T,
      ]),
  );
}
