import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { createMetrics } from '../../app/src/telemetry/metrics.ts';
import { readSlo, type Objective, type Slo } from '../../tools/lib/objectives.ts';
import { type Minute, playBurn, type Told } from '../support/cloudwatch/alarm.ts';

const slo = await readSlo('docs/slo.yaml');
const { paths } = parse(await readFile('app/openapi.yaml', 'utf8')) as {
  readonly paths: Readonly<Record<string, object>>;
};

/** Prometheus counts answers up to a bound only where the histogram has a bucket that ends there. */
async function boundsWithoutBucket({ objectives }: Slo): Promise<readonly number[]> {
  const metrics = createMetrics();
  metrics.requestStarted();
  metrics.requestEnded({ route: '/movies', method: 'GET', status: 200, durationMs: 1 });
  const text = await metrics.registry.metrics();
  const buckets = [...text.matchAll(/^http_request_duration_seconds_bucket\{.*?le="([\d.]+)"/gm)].map(
    ([, bound]) => Number(bound) * 1_000,
  );
  return Object.values(objectives)
    .flatMap(({ bound_ms: bound = [] }) => bound)
    .filter((bound) => !buckets.includes(bound));
}

test('each bound of an objective is a bucket of the real histogram, and another one would be named', async () => {
  const changed = Object.entries(slo.objectives).map(
    ([name, { bound_ms: bound, ...objective }]): [string, Objective] => [
      name,
      { ...objective, ...(bound === undefined ? {} : { bound_ms: bound + 50 }) },
    ],
  );

  expect(await boundsWithoutBucket(slo)).toEqual([]);
  expect(await boundsWithoutBucket({ ...slo, objectives: Object.fromEntries(changed) })).toEqual([300, 550]);
});

test.each(['availability', 'latency'] as const)(
  'each method of the movies has one objective of %s',
  (kind) => {
    const served = Object.entries(paths)
      .filter(([path]) => path.startsWith('/movies'))
      .flatMap(([, operations]) => Object.keys(operations))
      .filter((name) => ['get', 'head', 'post', 'put', 'patch', 'delete'].includes(name))
      .map((name) => name.toUpperCase());

    const promised = Object.values(slo.objectives)
      .filter((objective) => objective.kind === kind)
      .flatMap(({ methods }) => methods);

    expect(new Set(served).size).toBeGreaterThan(2);
    expect(
      [...new Set(served)].filter((method) => promised.filter((one) => one === method).length !== 1),
    ).toEqual([]);
  },
);

const hour = 60;
const day = 24 * hour;
/** So many minutes in which this share of the answers is bad, in percent. */
const bad = (minutes: number, percent: number, all = 600): readonly Minute[] =>
  Array.from({ length: minutes }, () => ({ all, bad: (all * percent) / 100 }));
const well = (minutes: number) => bad(minutes, 0);
const unused = (minutes: number) => bad(minutes, 0, 0);

const told = (at: number, severity: Told['severity'], state: Told['state']): Told => ({
  at,
  severity,
  state,
});

/** Who is told after how many minutes, and when it resolves. Burn rates of 99.9 %: 2 % bad answers burn 20 times too fast. */
const scenarios: Readonly<Record<string, { minutes: readonly Minute[]; told: readonly Told[] }>> = {
  'a burst of 2 % errors pages after 44 minutes, and resolves 2 minutes after its hour': {
    minutes: [...bad(hour, 2), ...well(hour)],
    told: [told(44, 'page', 'ALARM'), told(hour + 2, 'page', 'OK')],
  },
  'a total outage pages within a minute, and opens a ticket after five': {
    minutes: [...bad(30, 100), ...well(8 * hour)],
    told: [
      told(1, 'page', 'ALARM'),
      told(hour, 'page', 'OK'),
      told(5, 'ticket', 'ALARM'),
      told(30 + 6 * hour, 'ticket', 'OK'),
    ],
  },
  'errors of 1 % page after 3 h 36 min by the longer pair, and resolve 13 minutes after': {
    minutes: [...bad(5 * hour, 1), ...well(hour)],
    told: [told(216, 'page', 'ALARM'), told(5 * hour + 13, 'page', 'OK')],
  },
  'a leak of 0.5 % in half the traffic pages nobody, is a ticket after 18 hours, and resolves half an hour after it':
    {
      minutes: [...bad(20 * hour, 0.5, 300), ...well(3 * hour)],
      told: [told(18 * hour, 'ticket', 'ALARM'), told(20 * hour + 31, 'ticket', 'OK')],
    },
  'a slow leak of 0.2 % pages nobody and is a ticket after a day and a half': {
    minutes: [...bad(2 * day, 0.2), ...well(4 * hour)],
    told: [told(1.5 * day + 1, 'ticket', 'ALARM'), told(2 * day + 3 * hour, 'ticket', 'OK')],
  },
  // Logs that are missing are an alarm of their own.
  'answers that nobody counts any more tell nobody': {
    minutes: unused(day),
    told: [],
  },
  'nine failed requests in a night are too few': {
    minutes: [...unused(8 * hour), ...bad(1, 100, 9), ...unused(hour)],
    told: [],
  },
  'a noisy but healthy week tells nobody: two minutes of 1.5 % in each hour': {
    minutes: Array.from({ length: 7 * 24 }, () => [...well(58), ...bad(2, 1.5)]).flat(),
    told: [],
  },
};

const scenario = (name: RegExp) => {
  const [found] = Object.entries(scenarios).filter(([one]) => name.test(one));
  if (found === undefined) throw new Error(`no scenario is called ${String(name)}`);
  return found[1];
};
describe('alarms on the objectives, minute by minute', () => {
  test.each(Object.entries(scenarios))('%s', (_name, { minutes, told }) => {
    expect(playBurn('availability_reads', minutes)).toEqual(told);
  });

  test('failing writes are told as failing reads are', () => {
    const { minutes, told } = scenario(/^a total outage/);

    expect(playBurn('availability_writes', minutes)).toEqual(told);
  });

  test('slow answers page when a third of them is late, not when one in a hundred is', () => {
    const slow = (percent: number) => playBurn('latency_reads', [...bad(hour, percent), ...well(hour)]);

    expect(slow(1)).toEqual([]);
    expect(slow(33)).toEqual([told(27, 'page', 'ALARM'), told(hour + 3, 'page', 'OK')]);
  });
});
