import { parse } from 'mathjs';
import { type MetricAlarm, planned, readAlarm } from './alarm.ts';

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
export function playBurn(
  objective: string,
  minutes: readonly Minute[],
  change: (alarm: MetricAlarm) => MetricAlarm = (alarm) => alarm,
): readonly Told[] {
  const windows = [...planned<MetricAlarm>('prod', 'aws_cloudwatch_metric_alarm')]
    .filter(([address]) => address.startsWith(`window["${objective} `))
    .map(([, alarm]) => change(alarm))
    .map((alarm): Window => ({ ...alarm, minutes: periodOf(alarm) / 60 }));
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
