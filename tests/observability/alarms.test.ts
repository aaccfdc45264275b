import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { environments } from '../../tools/checks/plans/inputs.ts';
import { playAlarm, withBand, type AlarmState, type MetricAlarm } from '../support/cloudwatch/alarm.ts';
import { planned } from '../support/cloudwatch/planned-alarms.ts';
import { scenarios, type Scenario } from './alarm-scenarios.ts';

/** Blocked requests of a quiet week: 100 to 140 in five minutes. */
const usual = Array.from({ length: 2_016 }, (_, index) => 120 + 20 * Math.sin(index));
const whole = 30;

const nameOf = (address: string) => address.replace(/-in-[a-z]+-[a-z]+-\d[a-z]/, '-in-ZONE');

function play(alarm: MetricAlarm, scenario: Scenario) {
  const times = <T>(period: T, count = whole) => Array.from({ length: count }, () => period);
  const { well, wrong, nearly } = scenario;
  const outage = (late = 0) => {
    const states = playAlarm(alarm, [...times(well), ...times(wrong), ...times(well)], late);
    const count = (state: AlarmState, from: number) => states.indexOf(state, from) - from + 1;
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
