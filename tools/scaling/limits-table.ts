import { markdownTable } from '../docs/markdown-table.ts';
import type { Environment } from './environments.ts';
import { assumed, limits } from './limits.ts';
import { capacity, type ServiceCost } from './service.ts';
import type { Outcome } from './study.ts';

export interface LimitsOptions {
  readonly environment: Environment;
  readonly service: ServiceCost;
  readonly cpuShare: number;
  /** Addresses of one private subnet; there are three. */
  readonly subnetAddresses: number;
  /** One exponent, rates ascending. */
  readonly outcomes: readonly Outcome[];
}

const zones = 3;
const number = (value: number): string => Math.round(value).toLocaleString('en');

/** At how many requests a second each limit is reached, lowest first. */
export function limitsTable(options: LimitsOptions): string {
  const { environment, service, cpuShare, subnetAddresses, outcomes } = options;
  const [first] = outcomes;
  if (first === undefined) throw new Error('There is nothing to find limits in.');
  const addresses = zones * (subnetAddresses - limits.reservedAddresses);
  const perTask = capacity(service, { hitRate: first.hitRate, vcpu: environment.vcpu, share: cpuShare });
  const rows: (readonly [string, number | undefined])[] = [
    [
      `${environment.name} has no more than ${environment.maxTasks} tasks, and the autoscaler wants one per ${number(environment.requestsPerTarget / 60)} requests/s`,
      (environment.maxTasks * environment.requestsPerTarget) / 60,
    ],
    [
      `the same ${environment.maxTasks} tasks at ${cpuShare * 100} % of their CPU`,
      environment.maxTasks * perTask,
    ],
    [
      'the hottest year without the cache: 3,000 read units/s of a partition',
      crossing(outcomes, ({ hottestUncached }) => hottestUncached, limits.partitionReadUnits),
    ],
    [
      'the hottest year with it',
      crossing(outcomes, ({ hottestUnits }) => hottestUnits, limits.partitionReadUnits),
    ],
    [
      'the quota of a table on demand: 40,000 read units/s',
      crossing(outcomes, ({ readUnits }) => readUnits, limits.tableReadUnits),
    ],
    ['the quota of 5,000 tasks', crossing(outcomes, ({ tasks }) => tasks, limits.tasksPerService)],
    [
      `${number(addresses)} addresses in three private subnets`,
      crossing(outcomes, ({ tasks }) => tasks, addresses),
    ],
  ];
  return markdownTable(
    ['limit ', 'reached at requests/s'],
    rows
      .toSorted(([, one = Infinity], [, other = Infinity]) => one - other)
      .map(([what, at]) => [
        what,
        at === undefined ? `beyond ${number(outcomes.at(-1)?.perSecond ?? 0)}` : number(at),
      ]),
  );
}

/** Where a growing amount crosses its limit, between two rates on a double logarithmic scale. */
export function crossing(
  outcomes: readonly Outcome[],
  amount: (outcome: Outcome) => number,
  limit: number,
): number | undefined {
  const at = outcomes.findIndex((outcome) => amount(outcome) > limit);
  const [before, after] = [outcomes[at - 1], outcomes[at]];
  if (after === undefined) return undefined;
  if (before === undefined) return after.perSecond;
  const [low, high] = [before, after].map((outcome) => Math.log(Math.max(amount(outcome), 1e-9)));
  const share = (Math.log(limit) - (low ?? 0)) / ((high ?? 0) - (low ?? 0));
  return before.perSecond * (after.perSecond / before.perSecond) ** share;
}

/** How long a jump of the load is borne by what is there, s. */
export const scaleOutSeconds = (): number =>
  (limits.metricMinutes + limits.scaleOutMinutes) * 60 + assumed.taskStartSeconds;
