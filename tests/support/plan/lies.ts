import { compare } from '../../../tools/lib/terraform/matchers.ts';
import { show, type Value } from '../../../tools/lib/terraform/plan-json.ts';
import type { Plan, View } from '../../../tools/lib/terraform/plan.ts';

/** One of them is no answer to any assertion that asserts something. */
const others: readonly (Value | undefined)[] = ['another value', null, -1, Number.MAX_SAFE_INTEGER, []];

export interface Lie {
  readonly name: string;
  readonly view: View;
}

/** For every value that a check looks at: the plan in which that one value is another. The check must fail on each. */
export function liesFor(plan: Plan, holds: (plan: Plan) => void): readonly Lie[] {
  const lies = new Map<string, Lie>();
  const fits: View['fits'] = ({ address, at, shape }) => {
    const place = { path: [], at: [], sources: () => [] };
    const value = others.find((other) => compare(other, shape, place).length > 0);
    const name = `${address} ${at.join('.')}, now ${show(value)}`;
    lies.set(name, { name, view: { lie: { address, at, value } } });
  };
  holds(plan.as({ fits }));
  return [...lies.values()];
}
