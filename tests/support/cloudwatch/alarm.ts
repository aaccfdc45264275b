import { readFileSync } from 'node:fs';
import { parse } from 'mathjs';
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
function readAlarm(alarm: MetricAlarm): {
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

/** Answers of one minute. */
export interface Minute {
  readonly all: number;
  readonly bad: number;
}

export interface Told {
  /** Minutes after those days. */
  readonly at: number;
  readonly severity: 'page' | 'ticket';
  readonly state: 'ALARM' | 'OK';
}

interface Window extends MetricAlarm {
  readonly minutes: number;
}

/** Healthy ones that come first, as far back as the longest window looks. */
const history = Array.from({ length: 3 * 24 * 60 }, (): Minute => ({ all: 600, bad: 0 }));

/** Plays minutes to the alarms on an objective as planned for prod, after three healthy days: who is told what when? */
export function playBurn(objective: string, minutes: readonly Minute[]): readonly Told[] {
  const windows = [...planned<MetricAlarm>('prod', 'aws_cloudwatch_metric_alarm')]
    .filter(([address]) => address.startsWith(`window["${objective} `))
    .map(([, alarm]): Window => ({ ...alarm, minutes: periodOf(alarm) / 60 }));
  const rules = [
    ...planned<{ alarm_name: string; alarm_rule: string }>('prod', 'aws_cloudwatch_composite_alarm'),
  ].filter(([address]) => address.startsWith(`burn["${objective} `));
  const sums = runningSums([...history, ...minutes]);
  const fires = new Map(windows.map((window) => [window.alarm_name, firing(window, sums)]));

  return rules.flatMap(([address, { alarm_rule: rule }]) => {
    const severity = address.includes(' page"') ? 'page' : 'ticket';
    const isTold = compileRule(rule, fires);
    return changes(minutes.map((_, minute) => isTold(history.length + minute))).map(({ at, to }): Told => ({
      at,
      severity,
      state: to ? 'ALARM' : 'OK',
    }));
  });
}

const periodOf = ({ metric_query: queries = [] }: MetricAlarm): number =>
  queries.find(({ metric = [] }) => metric.length > 0)?.metric?.[0]?.period ?? Number.NaN;

/** Of the minutes before each one. */
function runningSums(minutes: readonly Minute[]): readonly Minute[] {
  let sum: Minute = { all: 0, bad: 0 };
  return [sum, ...minutes.map(({ all, bad }) => (sum = { all: sum.all + all, bad: sum.bad + bad }))];
}

/** Whether a window's alarm is in ALARM at the end of a minute; a window that slides with each evaluation. */
function firing(window: Window, sums: readonly Minute[]): (minute: number) => boolean {
  const { value, isBreaching } = readAlarm(window);
  const isFiring = remembering<number>((all, bad) => {
    const burn = value({ all, bad });
    return burn !== undefined && isBreaching(burn);
  });
  return (minute) => {
    const [to, from] = [sums[minute + 1], sums[Math.max(0, minute + 1 - window.minutes)]];
    if (to === undefined || from === undefined) throw new Error(`minute ${minute} is beyond the end`);
    return isFiring(to.all - from.all, to.bad - from.bad);
  };
}

/** The rule of a composite alarm: `ALARM("name")`, AND, OR and parentheses. */
function compileRule(
  rule: string,
  fires: ReadonlyMap<string, (minute: number) => boolean>,
): (minute: number) => boolean {
  const names: string[] = [];
  const expression = rule
    .replaceAll(/ALARM\("([^"]+)"\)/g, (_call, name: string) => `alarm${names.push(name) - 1}`)
    .replaceAll('AND', 'and')
    .replaceAll('OR', 'or');
  const compiled = parse(expression).compile();
  const isTold = remembering<boolean>(
    (...states) =>
      compiled.evaluate(Object.fromEntries(states.map((state, index) => [`alarm${index}`, state]))) === true,
  );
  return (minute) => isTold(...names.map((name) => fires.get(name)?.(minute) ?? missing(name)));
}

/** Most minutes are like others, and an expression takes a hundred times as long as it takes to look one up. */
function remembering<Parameter>(
  decide: (...parameters: readonly Parameter[]) => boolean,
): (...parameters: readonly Parameter[]) => boolean {
  const known = new Map<string, boolean>();
  return (...parameters) => {
    const key = parameters.join(' ');
    const decided = known.get(key) ?? decide(...parameters);
    known.set(key, decided);
    return decided;
  };
}

function missing(name: string): never {
  throw new Error(`${name} is not an alarm on this objective`);
}

function changes(states: readonly boolean[]): readonly { at: number; to: boolean }[] {
  return states.flatMap((to, minute) =>
    to === (states[minute - 1] ?? false) ? [] : [{ at: minute + 1, to }],
  );
}
