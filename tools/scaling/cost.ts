import type { Environment } from './environments.ts';
import { assumed, limits } from './limits.ts';
import { hoursPerMonth, prices, secondsPerMonth } from './prices.ts';

export interface Traffic {
  /** Requests a second. */
  readonly perSecond: number;
  /** Of the table, a second. */
  readonly readUnits: number;
  readonly tasks: number;
}

/** USD a month, by what is paid for. */
export interface Cost {
  readonly tasks: number;
  readonly loadBalancer: number;
  readonly network: number;
  readonly firewall: number;
  readonly table: number;
}

/** Interface endpoints of every environment: two of ECR, logs, Secrets Manager. */
const endpoints = 4;
const webAclRules = 8;
const million = 1e6;

export function monthlyCost(environment: Environment, { perSecond, readUnits, tasks }: Traffic): Cost {
  const { vcpu, memoryGb, onDemandTasks, spotShare, nats, endpointZones } = environment;
  const taskMonth = hoursPerMonth * (vcpu * prices.vcpuHour + memoryGb * prices.gbHour);
  const spot = Math.max(0, tasks - onDemandTasks) * spotShare;
  const gbPerHour = (perSecond * 3_600 * assumed.answerBytes) / 1e9;
  const lcus = gbPerHour / limits.lcuGbHour;
  const millionRequests = (perSecond * secondsPerMonth) / million;
  return {
    tasks: taskMonth * (tasks - spot + spot * prices.spotShare),
    loadBalancer: hoursPerMonth * (prices.loadBalancerHour + lcus * prices.lcuHour),
    network: hoursPerMonth * (nats * prices.natHour + endpoints * endpointZones * prices.endpointZoneHour),
    firewall:
      prices.webAclMonth + webAclRules * prices.webAclRuleMonth + millionRequests * prices.millionInspected,
    table: ((readUnits * secondsPerMonth) / million) * prices.millionReadUnits,
  };
}

export const total = (cost: Cost): number =>
  Object.values<number>({ ...cost }).reduce((sum, part) => sum + part, 0);

export const perMillion = (cost: Cost, perSecond: number): number =>
  total(cost) / ((perSecond * secondsPerMonth) / million);
