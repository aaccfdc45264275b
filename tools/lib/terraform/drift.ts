import { differences, type Change } from './plan-summary.ts';

/** Who has to do something about a difference, if anybody. */
export type Owner = 'a person' | 'Terraform' | 'the autoscaler';

export interface Difference {
  readonly owner: Owner;
  readonly address: string;
  readonly what: 'changed by hand' | 'removed by hand' | 'in the code, not applied' | 'scaled';
  /** Names only: values may be secret. */
  readonly attributes: readonly string[];
}

interface Resource {
  readonly address: string;
  readonly mode: string;
  readonly type: string;
  readonly change: Change;
}

interface PlanJson {
  readonly resource_drift?: readonly Resource[];
  readonly resource_changes?: readonly Resource[];
}

/** What the autoscaler changes, and Terraform therefore ignores (terraform/service.tf). */
const scaled: Readonly<Record<string, readonly string[]>> = { aws_ecs_service: ['desired_count'] };

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
    return (already !== undefined && attributes.length === 0) || isConsequence(change, known.size > 0)
      ? []
      : [{ owner: 'Terraform', address, what: 'in the code, not applied', attributes }];
  });
  return [...outside, ...unapplied];
}

/** Only values that are known once what was done by hand is undone: a policy that names the changed resource. */
const isConsequence = (change: Change, somethingWasDone: boolean): boolean =>
  somethingWasDone &&
  change.actions.join() === 'update' &&
  differences(change).every((name) => change.after_unknown?.[name] === true);

const isManaged = ({ mode }: Resource): boolean => mode === 'managed';

function changedOutside({ address, type, change }: Resource): readonly Difference[] {
  if (change.actions.join() === 'delete')
    return [{ owner: 'a person', address, what: 'removed by hand', attributes: [] }];
  const attributes = differences(change).filter((name) => fixed[type]?.includes(name) !== true);
  const byAutoscaler = attributes.filter((name) => scaled[type]?.includes(name));
  const byHand = attributes.filter((name) => !byAutoscaler.includes(name));
  const all: readonly Difference[] = [
    { owner: 'the autoscaler', address, what: 'scaled', attributes: byAutoscaler },
    { owner: 'a person', address, what: 'changed by hand', attributes: byHand },
  ];
  return all.filter((difference) => difference.attributes.length > 0);
}

/** An environment that scaled is as it was applied. */
export const needsSomebody = ({ owner }: Difference): boolean => owner !== 'the autoscaler';

export const describeDifference = ({ owner, address, what, attributes }: Difference): string =>
  `${address} is ${what}${attributes.length > 0 ? `: ${attributes.join(', ')}` : ''} (${owner})`;
