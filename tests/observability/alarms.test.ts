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

const scenario = (
  well: Reported,
  wrong: Reported,
  nearly: readonly Reported[],
  fires: number,
  resolves: number,
  silent: AlarmState = 'OK',
): Scenario => ({ well, wrong, nearly, fires, resolves, silent });
const none = {};

/** Each alarm of the plans, by its address; zones share one. */
const scenarios: Readonly<Record<string, Scenario>> = {
  'symptom["no-healthy-task"]': scenario({ healthy: 2 }, { healthy: 0 }, [{ healthy: 1 }], 1, 1, 'ALARM'),
  'symptom["no-healthy-task-in-ZONE"]': scenario(
    { healthy: 2 },
    { healthy: 0 },
    [{ healthy: 1 }],
    5,
    1,
    'ALARM',
  ),
  // Errors are reported only when there are any.
  'symptom["edge-errors"]': scenario(
    { requests: 600 },
    { requests: 600, errors: 7 },
    [{ requests: 600, errors: 5 }, { errors: 4 }],
    3,
    2,
  ),
  'symptom["task-errors"]': scenario(
    { requests: 600 },
    { requests: 600, errors: 7 },
    [
      { requests: 600, errors: 5 },
      { requests: 4, errors: 4 },
    ],
    5,
    2,
  ),
  'symptom["slow-answers"]': scenario({ p99: 0.04 }, { p99: 1.2 }, [{ p99: 0.9 }], 3, 1),
  'symptom["fewer-tasks-than-desired"]': scenario(
    { desired: 3, running: 3 },
    { desired: 3, running: 2 },
    [{ desired: 3, running: 4 }],
    10,
    1,
  ),
  'symptom["tasks-restarting"]': scenario({ stops: 0 }, { stops: 3 }, [{ stops: 2 }], 1, 1),
  'symptom["collector-away"]': scenario({ lost: 0 }, { lost: 1 }, [], 1, 1),
  // What is wrong is replaced by the environment's maximum.
  'symptom["scaling-at-maximum"]': scenario({ desired: 1 }, { desired: Number.POSITIVE_INFINITY }, [], 15, 1),
  // Throttles are reported only when there are any, of the table and of each index.
  'symptom["table-throttled"]': scenario(
    none,
    { writethrottleevents_title_year: 1 },
    [{ readthrottleevents: 0 }],
    5,
    2,
  ),
  'symptom["table-errors"]': scenario(none, { getitem: 3, query: 3 }, [{ getitem: 2, query: 2 }], 3, 2),
  'symptom["table-near-its-limit"]': scenario(
    { reads: 60_000, writes: 600 },
    { reads: 0.81 * 40_000 * 60, writes: 600 },
    [{ reads: 0.79 * 40_000 * 60, writes: 0.79 * 40_000 * 60 }],
    5,
    2,
  ),
  'symptom["log-errors"]': scenario({ errors: 0 }, { errors: 10 }, [{ errors: 9 }], 1, 1),
  // The balancer's health checks alone are dozens of lines.
  'symptom["logs-missing"]': scenario({ events: 40 }, { events: 0 }, [{ events: 1 }], 3, 1, 'ALARM'),
  'symptom["metrics-missing"]': scenario({ running: 2 }, { running: 0 }, [{ running: 1 }], 5, 1, 'ALARM'),
  'symptom["memory-high"]': scenario({ memory: 40 }, { memory: 86 }, [{ memory: 84 }], 3, 1),
  // Reported only when there are any.
  'symptom["events-lost"]': scenario(none, { lost: 1 }, [{ lost: 0 }], 1, 3),
  // Reported only when there are any, as is an end that failed.
  'symptom["maintenance"]': scenario(none, { told: 1 }, [{ told: 0 }], 1, 3),
  'symptom["maintenance-not-ended"]': scenario(none, { failed: 1 }, [{ failed: 0 }], 1, 3),
  // A minute with lines and no good one is 0: a miss.
  'symptom["outside-probe"]': scenario({ good: 1 }, { good: 0 }, [{ good: 2 }], 2, 1, 'ALARM'),
  'symptom["backup-failed"]': scenario(none, { failed: 1 }, [{ failed: 0 }], 1, 3),
  'symptom["certificate-expiring"]': scenario({ days: 300 }, { days: 29 }, [{ days: 30 }], 1, 1),
  blocked_requests: scenario({ blocked: 120 }, { blocked: 200 }, [{ blocked: 170 }], 3, 1),
  // These tell nobody: they undo a deployment.
  'deployment["target-errors"]': scenario(none, { metric: 11 }, [{ metric: 10 }], 2, 3),
  'deployment["unhealthy-targets"]': scenario({ metric: 0 }, { metric: 1 }, [], 2, 1),
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

/** The alarms on symptoms as planned; those on the objectives' windows are played in objectives.test.ts. */
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
