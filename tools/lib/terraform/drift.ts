import type { Report } from '../insights.ts';
import { settingsOf } from '../pipeline-definition.ts';
import type { Change, PlanJson, ResourceChange } from './plan-json.ts';

/** Who has to do something about a difference, if anybody. */
export type Owner = 'a person' | 'Terraform' | 'the autoscaler' | 'make maintenance';

export interface Difference {
  readonly owner: Owner;
  readonly address: string;
  readonly what:
    'changed by hand' | 'removed by hand' | 'in the code, not applied' | 'scaled' | 'on' | 'over';
  /** Names only: values may be secret. */
  readonly attributes: readonly string[];
}

/** What the autoscaler changes, and Terraform therefore ignores (terraform/service.tf). */
const scaled: Readonly<Record<string, readonly string[]>> = { aws_ecs_service: ['desired_count'] };

/** Maintenance mode, which Terraform ignores: it is on while the list holds addresses (modules/web-acl/maintenance.tf). */
const maintenance = 'module.web_acl.aws_wafv2_ip_set.maintenance';
const maintained: readonly string[] = ['addresses', 'lock_token'];

/** Nobody can change it: it says whose account this is. moto makes up another one at each call. */
const fixed: Readonly<Record<string, readonly string[]>> = {
  aws_cognito_user_pool_domain: ['aws_account_id'],
};

/**
 * What differs from what was applied last, by a plan (`show -json`) of the commit that is checked out. What was read anew
 * and isn't as the state remembers it was changed outside of Terraform; what only the plan would change is code that
 * nobody has applied.
 */
export function findDifferences(planJson: string): readonly Difference[] {
  const { resource_drift: drift = [], resource_changes: changes = [] } = JSON.parse(planJson) as PlanJson;
  const outside = drift.filter(isManaged).flatMap(changedOutside);
  const known = new Map(
    outside
      .filter(({ owner }) => owner === 'a person')
      .map((difference) => [difference.address, difference] as const),
  );
  const unapplied = changes.filter(isManaged).flatMap(({ address, change }): readonly Difference[] => {
    if (['no-op', 'read'].includes(change.actions.join())) return [];
    const already = known.get(address);
    // Terraform would only undo what was done by hand: that is told already.
    if (already?.what === 'removed by hand') return [];
    const attributes = differences(change).filter((name) => already?.attributes.includes(name) !== true);
    const isEmpty = attributes.length === 0 && (already !== undefined || change.actions.join() === 'update');
    return isEmpty || isConsequence(change, known.size > 0)
      ? []
      : [{ owner: 'Terraform', address, what: 'in the code, not applied', attributes }];
  });
  return [...outside, ...unapplied];
}

/** Only values that are known once what was done by hand is undone: a policy that names the changed resource. */
const isConsequence = (change: Change, somethingWasDone: boolean): boolean =>
  somethingWasDone &&
  change.actions.join() === 'update' &&
  differences(change).every((name) => settingsOf(change.after_unknown)[name] === true);

const isManaged = ({ mode }: ResourceChange): boolean => mode === 'managed';

function changedOutside({ address, type, change }: ResourceChange): readonly Difference[] {
  if (change.actions.join() === 'delete')
    return [{ owner: 'a person', address, what: 'removed by hand', attributes: [] }];
  const attributes = differences(change).filter((name) => fixed[type]?.includes(name) !== true);
  const byAutoscaler = attributes.filter((name) => scaled[type]?.includes(name));
  const byMaintenance = attributes.filter((name) => address === maintenance && maintained.includes(name));
  const byHand = attributes.filter((name) => ![...byAutoscaler, ...byMaintenance].includes(name));
  const isOn = meant(settingsOf(change.after)['addresses']) !== null;
  const all: readonly Difference[] = [
    { owner: 'make maintenance', address, what: isOn ? 'on' : 'over', attributes: byMaintenance },
    { owner: 'the autoscaler', address, what: 'scaled', attributes: byAutoscaler },
    { owner: 'a person', address, what: 'changed by hand', attributes: byHand },
  ];
  return all.filter((difference) => difference.attributes.length > 0);
}

/** Names of the attributes that would differ. Null and the empty forms of a value mean the same: nothing is there. */
function differences(change: Change): readonly string[] {
  const [before, after, unknown] = [change.before, change.after, change.after_unknown].map(settingsOf);
  return Object.keys({ ...after, ...unknown }).filter(
    (key) =>
      unknown?.[key] === true || JSON.stringify(meant(before?.[key])) !== JSON.stringify(meant(after?.[key])),
  );
}

/** A provider reads null where it wrote "", {} or [], and the other way round, at any depth. */
function meant(value: unknown): unknown {
  if (value === null || value === undefined || value === '') return null;
  if (Array.isArray(value)) return value.length === 0 ? null : value.map(meant);
  if (typeof value !== 'object') return value;
  const kept = Object.entries(value)
    .map(([key, inner]) => [key, meant(inner)] as const)
    .filter(([, inner]) => inner !== null);
  return kept.length === 0 ? null : Object.fromEntries(kept);
}

/** A line for each resource that a plan would change, and the names of what differs in it; never a value. */
export function describeChanges(planJson: string): readonly string[] {
  const plan = JSON.parse(planJson) as PlanJson;
  const resources = (plan.resource_changes ?? [])
    .filter(({ change }) => !['no-op', 'read'].includes(change.actions.join()))
    .map(({ address, change }) => {
      const names = change.actions.join() === 'update' ? `: ${differences(change).join(', ')}` : '';
      return `  ${change.actions.join('+')} ${address}${names}`;
    });
  const outputs = Object.entries(plan.output_changes ?? {}).filter(
    ([, { actions }]) => actions.join() !== 'no-op',
  );
  return [...resources, ...outputs.map(([name]) => `  update output ${name}`)];
}

/** An environment that scaled, or that is in maintenance, is as it was applied. */
const needsSomebody = ({ owner }: Difference): boolean => ['a person', 'Terraform'].includes(owner);

export const describeDifference = ({ owner, address, what, attributes }: Difference): string =>
  `${address} is ${what}${attributes.length > 0 ? `: ${attributes.join(', ')}` : ''} (${owner})`;

/** For the commit that is checked out: whether an environment still is what was applied last. */
export function reportDrift(environment: string, differences: readonly Difference[]): Report {
  const of = (owner: Owner): number => differences.filter((difference) => difference.owner === owner).length;
  const isFine = !differences.some(needsSomebody);
  return {
    id: `drift-${environment}`,
    title: `Drift of ${environment}`,
    details: isFine
      ? `${environment} is as it was applied${differences.some(({ what }) => what === 'on') ? ', and maintenance mode is ON' : ''}.`
      : `${environment} differs: ${of('a person')} by hand (undo it, or write it into the code), ${of('Terraform')} in the code and not applied (release it).`,
    report_type: 'BUG',
    result: isFine ? 'PASSED' : 'FAILED',
    data: [
      { title: 'By a person', type: 'NUMBER', value: of('a person') },
      { title: 'Code not applied', type: 'NUMBER', value: of('Terraform') },
      { title: 'By the autoscaler', type: 'NUMBER', value: of('the autoscaler') },
    ],
    annotations: differences.map((difference) => ({
      annotation_type: difference.owner === 'a person' ? 'VULNERABILITY' : 'CODE_SMELL',
      result: needsSomebody(difference) ? 'FAILED' : 'PASSED',
      severity: difference.owner === 'a person' ? 'HIGH' : 'LOW',
      summary: describeDifference(difference),
    })),
  };
}
