import { expect, test } from '@jest/globals';
import { monthlyCost, perMillion, total } from '../../tools/scaling/cost.ts';
import { readEnvironment, readEnvironments } from '../../tools/scaling/environments.ts';
import { crossing, scaleOutSeconds } from '../../tools/scaling/limits-table.ts';
import { capacity, serviceCost } from '../../tools/scaling/service.ts';
import { study, type Outcome } from '../../tools/scaling/study.ts';
import { rankedMovies } from '../../tools/scaling/popularity.ts';

const idle = { perSecond: 0, readUnits: 0 };

test('dev costs before its first request what docs/architecture.md reckons by hand', async () => {
  const dev = await readEnvironment('dev');

  const cost = monthlyCost(dev, { ...idle, tasks: dev.minTasks });

  // Two tasks on Spot at 32 % of 14.42, one NAT, four endpoints in one zone, a firewall with eight rules.
  expect(cost.tasks).toBeCloseTo(14.42 * 0.32, 2);
  expect(cost.network).toBeCloseTo(67.16, 2);
  expect(cost.loadBalancer).toBeCloseTo(18.4, 2);
  expect(cost.firewall).toBe(13);
  expect(cost.table).toBe(0);
});

test('prod pays a NAT in each zone', async () => {
  const prod = await readEnvironment('prod');

  expect(monthlyCost(prod, { ...idle, tasks: 3 }).network).toBeCloseTo(201.48, 2);
});

test('a million requests cost what a month of them costs, divided', async () => {
  const prod = await readEnvironment('prod');
  const traffic = { perSecond: 1_000, readUnits: 500, tasks: 3 };

  const cost = monthlyCost(prod, traffic);

  // 2,628 million requests a month: half a unit each at 0.1415 per million, and 0.60 for each to be inspected.
  expect(cost.table).toBeCloseTo(2_628 * 0.5 * 0.1415, 1);
  expect(cost.firewall).toBeCloseTo(13 + 2_628 * 0.6, 1);
  expect(perMillion(cost, 1_000)).toBeCloseTo(total(cost) / 2_628, 6);
});

test('every environment of terraform/environments is read', async () => {
  expect((await readEnvironments()).map(({ name }) => name)).toEqual(['dev', 'staging', 'prod']);
});

test('a request that hits costs its time, one that misses the other, and no process uses more than a vCPU', () => {
  const service = { hit: 0.0001, miss: 0.0004 };

  const at = (hitRate: number, vcpu: number) => capacity(service, { hitRate, vcpu, share: 0.5 });

  expect([at(1, 1), at(0, 1), at(1, 0.5), at(1, 4)].map(Math.round)).toEqual([5_000, 1_250, 2_500, 5_000]);
});

test('without a measurement there is no capacity', () => {
  expect(() => serviceCost({ sections: [] })).toThrow('Nothing is recorded of database-hot');
});

const outcome = (perSecond: number, tasks: number): Outcome => ({
  ...{ perSecond, tasks, exponent: 1, ttlMs: 1_000, vcpu: 1 },
  ...{ hitRate: 0.5, readUnits: 0, hottestYear: 2006, hottestUnits: 0, hottestUncached: 0 },
});

test('a limit is crossed between two rates, at the first, or never', () => {
  const outcomes = [outcome(100, 1), outcome(10_000, 100)];
  const at = (limit: number) => crossing(outcomes, ({ tasks }) => tasks, limit);

  expect([at(10), at(0.5), at(1_000)]).toEqual([expect.closeTo(1_000), 100, undefined]);
});

test('a jump of the load is borne for five minutes by what is there', () => {
  expect(scaleOutSeconds()).toBe(300);
});

test('the count of tasks follows the load, never below the minimum, and reads follow the tasks', async () => {
  const environment = await readEnvironment('prod');
  const deps = {
    movies: await rankedMovies(),
    service: { hit: 0.00005, miss: 0.0003 },
    environment,
    maxBytes: 16_000_000,
    cpuShare: 0.6,
    requests: 20_000,
  };
  const at = (perSecond: number) => study(deps, { perSecond, exponent: 1, ttlMs: 1_000, vcpu: 0.5 });

  const [few, many] = [await at(100), await at(100_000)];

  expect(few.tasks).toBe(environment.minTasks);
  expect(many.tasks).toBeGreaterThan(20);
  expect(many.readUnits / many.perSecond).toBeCloseTo(1 - many.hitRate, 1);
  expect(many.hottestUnits).toBeLessThan(many.hottestUncached);
});
