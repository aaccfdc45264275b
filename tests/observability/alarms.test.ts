import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { environments } from '../../tools/checks/plans/inputs.ts';
import {
  type AlarmState,
  type MetricAlarm,
  planned,
  playAlarm,
  type Reported,
  withBand,
} from '../support/cloudwatch/alarm.ts';
/** What an alarm is for, as what its metrics report in a period. */
interface Scenario {
  readonly well: Reported;
  readonly wrong: Reported;
  /** Near to wrong, and not yet: nobody is told, however long it lasts. */
  readonly nearly: readonly Reported[];
  /** Periods until it fires, and until it resolves once all is well again. */
  readonly fires: number;
  readonly resolves: number;
  /** Where it ends when nothing is reported any more, after it was well. */
  readonly silent: AlarmState;
}

const healthy: Pick<Scenario, 'well' | 'wrong' | 'nearly' | 'silent'> = {
  well: { healthy: 2 },
  wrong: { healthy: 0 },
  nearly: [{ healthy: 1 }],
  silent: 'ALARM',
};
const none = {};

/** Each alarm of the plans, by its address; zones share one. */
const scenarios: Readonly<Record<string, Scenario>> = {
  'symptom["no-healthy-task"]': { ...healthy, fires: 1, resolves: 1 },
  'symptom["no-healthy-task-in-ZONE"]': { ...healthy, fires: 5, resolves: 1 },
  // Errors are reported only when there are any.
  'symptom["edge-errors"]': {
    well: { requests: 600 },
    wrong: { requests: 600, errors: 7 },
    nearly: [{ requests: 600, errors: 5 }, { errors: 4 }],
    fires: 3,
    resolves: 2,
    silent: 'OK',
  },
  'symptom["task-errors"]': {
    well: { requests: 600 },
    wrong: { requests: 600, errors: 7 },
    nearly: [
      { requests: 600, errors: 5 },
      { requests: 4, errors: 4 },
    ],
    fires: 5,
    resolves: 2,
    silent: 'OK',
  },
  'symptom["slow-answers"]': {
    well: { p99: 0.04 },
    wrong: { p99: 1.2 },
    nearly: [{ p99: 0.9 }],
    fires: 3,
    resolves: 1,
    silent: 'OK',
  },
  'symptom["fewer-tasks-than-desired"]': {
    well: { desired: 3, running: 3 },
    wrong: { desired: 3, running: 2 },
    nearly: [{ desired: 3, running: 4 }],
    fires: 10,
    resolves: 1,
    silent: 'OK',
  },
  'symptom["tasks-restarting"]': {
    well: { stops: 0 },
    wrong: { stops: 3 },
    nearly: [{ stops: 2 }],
    fires: 1,
    resolves: 1,
    silent: 'OK',
  },
  'symptom["collector-away"]': {
    well: { lost: 0 },
    wrong: { lost: 1 },
    nearly: [],
    fires: 1,
    resolves: 1,
    silent: 'OK',
  },
  'symptom["scaling-at-maximum"]': {
    well: { desired: 1 },
    wrong: { desired: Number.POSITIVE_INFINITY }, // replaced by the environment's maximum
    nearly: [],
    fires: 15,
    resolves: 1,
    silent: 'OK',
  },
  // Throttles are reported only when there are any, of the table and of each index.
  'symptom["table-throttled"]': {
    well: none,
    wrong: { writethrottleevents_title_year: 1 },
    nearly: [{ readthrottleevents: 0 }],
    fires: 5,
    resolves: 2,
    silent: 'OK',
  },
  'symptom["table-errors"]': {
    well: none,
    wrong: { getitem: 3, query: 3 },
    nearly: [{ getitem: 2, query: 2 }],
    fires: 3,
    resolves: 2,
    silent: 'OK',
  },
  'symptom["table-near-its-limit"]': {
    well: { reads: 60_000, writes: 600 },
    wrong: { reads: 0.81 * 40_000 * 60, writes: 600 },
    nearly: [{ reads: 0.79 * 40_000 * 60, writes: 0.79 * 40_000 * 60 }],
    fires: 5,
    resolves: 2,
    silent: 'OK',
  },
  'symptom["log-errors"]': {
    well: { errors: 0 },
    wrong: { errors: 10 },
    nearly: [{ errors: 9 }],
    fires: 1,
    resolves: 1,
    silent: 'OK',
  },
  // The balancer's health checks alone are dozens of lines.
  'symptom["logs-missing"]': {
    well: { events: 40 },
    wrong: { events: 0 },
    nearly: [{ events: 1 }],
    fires: 3,
    resolves: 1,
    silent: 'ALARM',
  },
  'symptom["metrics-missing"]': {
    well: { running: 2 },
    wrong: { running: 0 },
    nearly: [{ running: 1 }],
    fires: 5,
    resolves: 1,
    silent: 'ALARM',
  },
  'symptom["memory-high"]': {
    well: { memory: 40 },
    wrong: { memory: 86 },
    nearly: [{ memory: 84 }],
    fires: 3,
    resolves: 1,
    silent: 'OK',
  },
  // Reported only when there are any.
  'symptom["events-lost"]': {
    well: none,
    wrong: { lost: 1 },
    nearly: [{ lost: 0 }],
    fires: 1,
    resolves: 3,
    silent: 'OK',
  },
  // Reported only when there are any, as is an end that failed.
  'symptom["maintenance"]': {
    well: none,
    wrong: { told: 1 },
    nearly: [{ told: 0 }],
    fires: 1,
    resolves: 3,
    silent: 'OK',
  },
  'symptom["maintenance-not-ended"]': {
    well: none,
    wrong: { failed: 1 },
    nearly: [{ failed: 0 }],
    fires: 1,
    resolves: 3,
    silent: 'OK',
  },
  // A minute with lines and no good one is 0: a miss.
  'symptom["outside-probe"]': {
    well: { good: 1 },
    wrong: { good: 0 },
    nearly: [{ good: 2 }],
    fires: 2,
    resolves: 1,
    silent: 'ALARM',
  },
  'symptom["backup-failed"]': {
    well: none,
    wrong: { failed: 1 },
    nearly: [{ failed: 0 }],
    fires: 1,
    resolves: 3,
    silent: 'OK',
  },
  'symptom["certificate-expiring"]': {
    well: { days: 300 },
    wrong: { days: 29 },
    nearly: [{ days: 30 }],
    fires: 1,
    resolves: 1,
    silent: 'OK',
  },
  blocked_requests: {
    well: { blocked: 120 },
    wrong: { blocked: 200 },
    nearly: [{ blocked: 170 }],
    fires: 3,
    resolves: 1,
    silent: 'OK',
  },
  // These tell nobody: they undo a deployment.
  'deployment["target-errors"]': {
    well: none,
    wrong: { metric: 11 },
    nearly: [{ metric: 10 }],
    fires: 2,
    resolves: 3,
    silent: 'OK',
  },
  'deployment["unhealthy-targets"]': {
    well: { metric: 0 },
    wrong: { metric: 1 },
    nearly: [],
    fires: 2,
    resolves: 1,
    silent: 'OK',
  },
};

interface QuietAlarm {
  readonly actions_suppressor: readonly { readonly wait_period: number; readonly extension_period: number }[];
}

/** Blocked requests of a quiet week: 100 to 140 in five minutes. */
const usual = Array.from({ length: 2_016 }, (_, index) => 120 + 20 * Math.sin(index));
const whole = 30;

const nameOf = (address: string) => address.replace(/-in-[a-z]+-[a-z]+-\d[a-z]/, '-in-ZONE');

function play(alarm: MetricAlarm, scenario: Scenario) {
  const times = <T>(period: T, count = whole) => Array.from({ length: count }, () => period);
  const { well, wrong, nearly } = scenario;
  const outage = (late = 0) => {
    const states = playAlarm(alarm, [...times(well), ...times(wrong), ...times(well)], late);
    const count = (state: AlarmState, from: number) =>
      states.includes(state, from) ? states.indexOf(state, from) - from + 1 : 'never';
    return { fires: count('ALARM', whole), resolves: count('OK', 2 * whole) };
  };
  const end = (periods: Parameters<typeof playAlarm>[1]) => playAlarm(alarm, periods).at(-1);
  return {
    well: end(times(well)),
    nearly: nearly.map((period) => end([...times(well), ...times(period)])),
    onTime: outage(),
    // A newest period that is not published yet hides nothing.
    late: outage(1).fires,
    silent: end([...times(well), ...times({})]),
  };
}

const expected = ({ nearly, fires, resolves, silent }: Scenario) => ({
  well: 'OK',
  nearly: nearly.map(() => 'OK'),
  onTime: { fires, resolves },
  late: fires,
  silent,
});

/** The alarms on symptoms as planned; those on the objectives' windows are played in burn-alarms.test.ts. */
const alarmsOf = (environment: (typeof environments)[number]) =>
  [...planned<MetricAlarm>(environment, 'aws_cloudwatch_metric_alarm')]
    .filter(([address]) => !address.startsWith('window'))
    .map(([address, alarm]): [string, MetricAlarm, Scenario] => [
      address,
      address === 'blocked_requests' ? withBand(alarm, usual) : alarm,
      scenarioOf(address, alarm),
    ]);

function scenarioOf(address: string, { threshold = 0 }: MetricAlarm): Scenario {
  const scenario = scenarios[nameOf(address)];
  if (scenario === undefined) throw new Error(`${address} has never been seen firing: give it a scenario`);
  const isMaximum = address.includes('scaling-at-maximum');
  return isMaximum
    ? { ...scenario, wrong: { desired: threshold }, nearly: [{ desired: threshold - 1 }] }
    : scenario;
}

describe.each(environments)('each alarm of %s', (environment) => {
  const alarms = alarmsOf(environment);

  test('has a scenario', () => {
    expect(alarms.length).toBeGreaterThan(12);
  });

  test.each(alarms)('%s fires, resolves, and keeps quiet where it should', (_address, alarm, scenario) => {
    expect(play(alarm, scenario)).toEqual(expected(scenario));
  });
});

test('what is quiet in maintenance waits until maintenance is told, and after it until it has resolved itself', () => {
  const quiet = [...planned<QuietAlarm>('prod', 'aws_cloudwatch_composite_alarm')].filter(([address]) =>
    address.startsWith('unless_maintenance'),
  );
  const maintenance = scenarioOf('symptom["maintenance"]', {} as never);
  const periods = {
    'edge-errors': [60, 'symptom["edge-errors"]'],
    'blocked-requests': [300, 'blocked_requests'],
    'outside-probe': [60, 'symptom["outside-probe"]'],
  } as const;

  const waits = Object.entries(periods).map(([key, [seconds, scenario]]) => {
    const [, alarm] = quiet.find(([address]) => address.includes(key)) ?? [];
    const [suppressor] = alarm?.actions_suppressor ?? [];
    return {
      isToldFirst: (suppressor?.wait_period ?? 0) >= 60 * (maintenance.fires + 1),
      isOverBefore:
        (suppressor?.extension_period ?? 0) >= seconds * ((scenarios[scenario]?.resolves ?? 99) + 1),
    };
  });

  expect(waits).toEqual(waits.map(() => ({ isToldFirst: true, isOverBefore: true })));
});

test('one missed probe pages nobody, two in a row do, and so do probes that are made no more', () => {
  const states = (...looks: readonly (0 | 1 | undefined)[]) =>
    alarmsOf('prod')
      .filter(([address]) => address === 'symptom["outside-probe"]')
      .map(([, alarm]) =>
        playAlarm(
          alarm,
          looks.map((good) => (good === undefined ? {} : { good })),
        ),
      );

  expect(states(1, 1, 0, 1, 0, 1)).toEqual([['OK', 'OK', 'OK', 'OK', 'OK', 'OK']]);
  expect(states(1, 1, 0, 0, 1, 1)).toEqual([['OK', 'OK', 'OK', 'ALARM', 'OK', 'OK']]);
  expect(states(1, 1, 1, ...Array.from({ length: 6 }, () => undefined)).map((all) => all.at(-1))).toEqual([
    'ALARM',
  ]);
});

test('each scenario is of an alarm that is planned somewhere', () => {
  const addresses = environments.flatMap((environment) =>
    alarmsOf(environment).map(([address]) => nameOf(address)),
  );

  expect(Object.keys(scenarios).filter((name) => !addresses.includes(name))).toEqual([]);
});

const silences: Record<string, string> = {
  breaching: 'notBreaching',
  notBreaching: 'breaching',
  ignore: 'breaching',
};
const opposites: Record<string, string> = {
  GreaterThanOrEqualToThreshold: 'LessThanThreshold',
  GreaterThanThreshold: 'LessThanThreshold',
  LessThanThreshold: 'GreaterThanOrEqualToThreshold',
};
const fills = ({ metric_query: queries = [] }: MetricAlarm) =>
  queries.some(({ expression = '' }) => expression.includes('FILL'));
const withThreshold = (alarm: MetricAlarm, change: (threshold: number) => number): MetricAlarm => ({
  ...alarm,
  threshold: change(alarm.threshold ?? Number.NaN),
});

describe('a mistake in an alarm is noticed', () => {
  const all = alarmsOf('prod');
  const filling = all.filter(([, alarm]) => fills(alarm));
  const others = all.filter(([, alarm]) => !fills(alarm));

  test.each<[string, typeof all, (alarm: MetricAlarm) => MetricAlarm]>([
    ['a higher threshold', all, (alarm) => withThreshold(alarm, (threshold) => threshold * 1.5 + 1)],
    ['a lower threshold', all, (alarm) => withThreshold(alarm, (threshold) => threshold / 2 - 1)],
    [
      'the opposite comparison',
      all,
      (alarm) => ({ ...alarm, comparison_operator: opposites[alarm.comparison_operator] ?? '' }),
    ],
    [
      'one more period that has to be wrong',
      all,
      (alarm) => ({
        ...alarm,
        evaluation_periods: alarm.evaluation_periods + 1,
        datapoints_to_alarm: (alarm.datapoints_to_alarm ?? alarm.evaluation_periods) + 1,
      }),
    ],
    [
      'missing data taken for the opposite',
      others,
      (alarm) => ({ ...alarm, treat_missing_data: silences[alarm.treat_missing_data] ?? '' }),
    ],
    // What FILL makes of a minute that isn't published yet would keep the alarm quiet for ever.
    [
      'no period to spare',
      filling,
      (alarm) => ({ ...alarm, evaluation_periods: alarm.datapoints_to_alarm ?? Number.NaN }),
    ],
  ])('%s', (_name, alarms, mistake) => {
    const unnoticed = alarms.filter(([, alarm, scenario]) =>
      isDeepStrictEqual(play(mistake(alarm), scenario), expected(scenario)),
    );

    expect(alarms.length).toBeGreaterThan(4);
    expect(unnoticed.map(([address]) => address)).toEqual([]);
  });
});
