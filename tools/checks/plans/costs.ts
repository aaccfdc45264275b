import { listOf, settingsOf, textOf, type Settings } from '../../lib/pipeline-definition.ts';
import prices from './prices.json' with { type: 'json' };

/** A resource of a plan, as far as a difference goes. */
export interface PlannedResource {
  readonly address: string;
  readonly mode: string;
  readonly change: { readonly after?: unknown; readonly after_unknown?: unknown };
}

/** What an environment costs each month before anybody uses it. */
export interface Cost {
  /** Of what has a price here. */
  readonly monthly: number;
  /** What costs something and has no price in the table, or isn't in the table at all; with how many there are. */
  readonly unknown: Readonly<Record<string, number>>;
}

const { hoursPerMonth, perHour, perMonth, fargatePerHour } = prices;
const free = new Set([...prices.free, ...prices.byUse]);

/** The fixed part of the costs of a plan. An endpoint counts for one zone, a task as on demand: the plan tells no more. */
export function costOf(resources: readonly PlannedResource[]): Cost {
  const managed = resources.filter(({ mode }) => mode === 'managed');
  const taskHour = taskPerHour(managed);
  let monthly = 0;
  const unknown: Record<string, number> = {};
  for (const resource of managed) {
    const price = priceOf(resource, taskHour);
    if (price === undefined) unknown[typeOf(resource)] = (unknown[typeOf(resource)] ?? 0) + 1;
    else monthly += price;
  }
  return { monthly, unknown };
}

/** USD a month; undefined when it isn't known, which is not the same as nothing. */
function priceOf(resource: PlannedResource, taskHour: number | undefined): number | undefined {
  const type = typeOf(resource);
  const after = settingsOf(resource.change.after);
  switch (type) {
    case 'aws_lb':
    case 'aws_nat_gateway':
      return perHour[type] * hoursPerMonth;
    case 'aws_vpc_endpoint':
      return after['vpc_endpoint_type'] === 'Interface' ? perHour[type] * hoursPerMonth : 0;
    case 'aws_wafv2_web_acl':
      return perMonth[type] + listOf(after['rule']).length * perMonth.aws_wafv2_web_acl_rule;
    case 'aws_cloudwatch_metric_alarm':
      return perMonth[type] * Math.max(1, metricsOf(after));
    case 'aws_ecs_service':
      return taskHour === undefined ? undefined : Number(after['desired_count']) * taskHour * hoursPerMonth;
    default:
      return free.has(type) ? 0 : undefined;
  }
}

const metricsOf = (alarm: Settings): number =>
  listOf(alarm['metric_query']).filter((query) => listOf(settingsOf(query)['metric']).length > 0).length;

function taskPerHour(resources: readonly PlannedResource[]): number | undefined {
  const definition = resources.find((resource) => typeOf(resource) === 'aws_ecs_task_definition');
  if (definition === undefined) return undefined;
  const { cpu, memory, runtime_platform: platform } = settingsOf(definition.change.after);
  const architecture = textOf(settingsOf(listOf(platform)[0])['cpu_architecture']) ?? 'X86_64';
  const price = Object.entries(fargatePerHour).find(([name]) => name === architecture)?.[1];
  return price && (Number(cpu) / 1024) * price.vcpu + (Number(memory) / 1024) * price.gb;
}

/** `module.x["y.z"].aws_lb.main[0]` → `aws_lb` */
export const typeOf = ({ address }: Pick<PlannedResource, 'address'>): string =>
  /(?:^|\.)(aws_\w+)\.[^.[]+(?:\[[^\]]*\])?$/.exec(address)?.[1] ?? address;

/** How the costs of an environment change. What has no price is told, never taken for nothing. */
export function describeCost(name: string, old: Cost | undefined, now: Cost): string {
  const known = (cost: Cost): string => `${cost.monthly.toFixed(2)} ${prices.currency}`;
  const change = old === undefined ? '' : ` (${signed(now.monthly - old.monthly)})`;
  const without = Object.entries(now.unknown).map(([type, count]) => `${count} ${type}`);
  return `${name}: at least ${known(now)} a month before use${change}${without.length > 0 ? `; no price for ${without.join(', ')}` : ''}`;
}

const signed = (amount: number): string => `${amount < 0 ? '-' : '+'}${Math.abs(amount).toFixed(2)}`;

/** For the report: where the prices are from. */
export const priceBasis = `Prices: ${prices.region}, ${prices.currency}, ${prices.asOf}; tasks on demand, endpoints in one zone, no traffic.`;
