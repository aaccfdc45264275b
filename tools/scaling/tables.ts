import { markdownTable } from '../docs/markdown-table.ts';
import { monthlyCost, perMillion, total } from './cost.ts';
import type { Environment } from './environments.ts';
import { limits } from './limits.ts';
import type { Outcome } from './study.ts';

const number = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(2)));
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
export const usd = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2);
const bold = (isBold: boolean, text: string): string => (isBold ? `**${text}**` : text);

/** Hit rates and read units over rates and exponents. What a partition can't bear is bold. */
export function loadTable(outcomes: readonly Outcome[]): string {
  const units = (value: number) => bold(value > limits.partitionReadUnits, number(value));
  return markdownTable(
    [
      'requests/s',
      'Zipf exponent',
      'tasks',
      'from memory',
      'reads/s of the table',
      'of the hottest year',
      'without the cache',
      'which year',
    ],
    outcomes.map((outcome) => [
      number(outcome.perSecond),
      String(outcome.exponent),
      number(outcome.tasks),
      percent(outcome.hitRate),
      bold(outcome.readUnits > limits.tableReadUnits, number(outcome.readUnits)),
      units(outcome.hottestUnits),
      units(outcome.hottestUncached),
      String(outcome.hottestYear),
    ]),
  );
}

/** What else the same traffic could be served by. */
export function remedyTable(outcomes: readonly (Outcome & { readonly what: string })[]): string {
  return markdownTable(
    ['what is changed ', 'tasks', 'from memory', 'reads/s of the table', 'of the hottest year'],
    outcomes.map((outcome) => [
      outcome.what,
      number(outcome.tasks),
      percent(outcome.hitRate),
      bold(outcome.readUnits > limits.tableReadUnits, number(outcome.readUnits)),
      bold(outcome.hottestUnits > limits.partitionReadUnits, number(outcome.hottestUnits)),
    ]),
  );
}

/** USD a month in one environment's shape, and per million requests. */
export function trafficCostTable(environment: Environment, outcomes: readonly Outcome[]): string {
  return markdownTable(
    [
      'requests/s',
      'tasks',
      'load balancer',
      'NAT, endpoints',
      'firewall',
      'table',
      'together',
      'per million',
    ],
    outcomes.map((outcome) => {
      const cost = monthlyCost(environment, outcome);
      return [
        number(outcome.perSecond),
        usd(cost.tasks),
        usd(cost.loadBalancer),
        usd(cost.network),
        usd(cost.firewall),
        usd(cost.table),
        usd(total(cost)),
        usd(perMillion(cost, outcome.perSecond)),
      ];
    }),
  );
}

/** What each environment costs before the first request of a month. */
export function environmentTable(environments: readonly Environment[]): string {
  return markdownTable(
    ['environment ', 'tasks', 'tasks, USD', 'load balancer', 'NAT, endpoints', 'firewall', 'together'],
    environments.map((environment) => {
      const tasks = environment.minTasks;
      const cost = monthlyCost(environment, { perSecond: 0, readUnits: 0, tasks });
      return [
        environment.name,
        `${tasks} of ${environment.vcpu} vCPU`,
        usd(cost.tasks),
        usd(cost.loadBalancer),
        usd(cost.network),
        usd(cost.firewall),
        usd(total(cost)),
      ];
    }),
  );
}
