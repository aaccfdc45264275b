import { isDeepStrictEqual } from 'node:util';
import type { Annotation, Report } from '../lib/insights.ts';
import { describeCost, priceBasis, type Cost, type PlannedResource } from './costs.ts';
import { settingsOf } from '../lib/pipeline-definition.ts';

/** The module lock's `modules`, as far as capabilities go. */
export type Lock = Readonly<
  Record<
    string,
    Readonly<Record<string, { readonly capabilities: Readonly<Record<string, readonly string[]>> }>>
  >
>;

export interface ResourceDifference {
  readonly kind: 'added' | 'removed' | 'changed';
  readonly address: string;
  /** Attributes that differ. Values are never told: the recorded ones may name what is nobody's business. */
  readonly attributes: readonly string[];
}

/** What one plan would build and the other would not. */
export function comparePlans(
  base: readonly PlannedResource[],
  head: readonly PlannedResource[],
): readonly ResourceDifference[] {
  const before = byAddress(base);
  const after = byAddress(head);
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((address): ResourceDifference[] => {
    const old = before.get(address);
    const now = after.get(address);
    if (old === undefined) return [{ kind: 'added', address, attributes: [] }];
    if (now === undefined) return [{ kind: 'removed', address, attributes: [] }];
    const attributes = differences(old, now);
    return attributes.length === 0 ? [] : [{ kind: 'changed', address, attributes }];
  });
}

const byAddress = (resources: readonly PlannedResource[]): ReadonlyMap<string, PlannedResource['change']> =>
  new Map(resources.filter(({ mode }) => mode === 'managed').map(({ address, change }) => [address, change]));

function differences(old: PlannedResource['change'], now: PlannedResource['change']): readonly string[] {
  const parts = [old.after, now.after, old.after_unknown, now.after_unknown].map(settingsOf);
  const [a = {}, b = {}, c = {}, d = {}] = parts;
  const names = new Set(parts.flatMap((part) => Object.keys(part)));
  return [...names].filter((name) => !isDeepStrictEqual([a[name], c[name]], [b[name], d[name]])).sort();
}

/** What locked modules can do and couldn't, or could and can't, whatever their versions are. */
export function compareCapabilities(base: Lock, head: Lock): readonly string[] {
  const before = new Set(listCapabilities(base));
  const after = new Set(listCapabilities(head));
  return [
    ...[...after].filter((capability) => !before.has(capability)).map((gained) => `new: ${gained}`),
    ...[...before].filter((capability) => !after.has(capability)).map((lost) => `gone: ${lost}`),
  ];
}

const listCapabilities = (lock: Lock): readonly string[] =>
  Object.entries(lock).flatMap(([module, releases]) =>
    Object.values(releases).flatMap(({ capabilities }) =>
      Object.entries(capabilities).flatMap(([directory, names]) =>
        names.map((name) => `${module}${directory === '.' ? '' : `//${directory}`}: ${name}`),
      ),
    ),
  );

/** What an environment cost and will cost; `old` is absent where it is new. */
export interface CostChange {
  readonly name: string;
  readonly old?: Cost;
  readonly now: Cost;
}

/** The report of a pull request: what changes in each environment, what that costs, and what modules may do. */
export function reportPlans(
  environments: Readonly<Record<string, readonly ResourceDifference[]>>,
  capabilities: readonly string[],
  costs: readonly CostChange[] = [],
): Report {
  const entries = Object.entries(environments);
  const count = (differences: readonly ResourceDifference[], kind: ResourceDifference['kind']): number =>
    differences.filter((difference) => difference.kind === kind).length;
  const counts = entries.map(
    ([name, differences]) =>
      `${name}: ${count(differences, 'added')} added, ${count(differences, 'changed')} changed, ${count(differences, 'removed')} removed`,
  );
  return {
    id: 'plans',
    title: 'What this changes in each environment',
    details: [
      ...counts,
      `Capabilities of modules: ${capabilities.length} changed`,
      ...costs.map(({ name, old, now }) => describeCost(name, old, now)),
      ...(costs.length > 0 ? [priceBasis] : []),
    ].join('\n'),
    report_type: 'BUG',
    // A difference is for people to judge; only the gates fail.
    result: 'PASSED',
    data: [
      ...entries.map(([name, differences]) => ({
        title: name,
        type: 'NUMBER' as const,
        value: differences.length,
      })),
      { title: 'capabilities', type: 'NUMBER', value: capabilities.length },
      ...costs.map(({ name, now }) => ({
        title: `${name}: USD a month, at least`,
        type: 'TEXT' as const,
        value: now.monthly.toFixed(2),
      })),
    ],
    annotations: [
      ...costs
        .filter(({ old, now }) => old !== undefined && !isDeepStrictEqual(old, now))
        .map(({ name, old, now }): Annotation => ({
          annotation_type: 'CODE_SMELL',
          result: 'PASSED',
          severity: 'MEDIUM',
          summary: `Costs of ${describeCost(name, old, now)}`,
          path: `tests/checks/plan/recorded/${name}.json`,
        })),
      ...capabilities.map((summary): Annotation => ({
        annotation_type: 'VULNERABILITY',
        result: 'PASSED',
        severity: 'HIGH',
        summary: `A module's capabilities: ${summary}`,
        path: 'security/modules.lock.json',
      })),
      ...entries.flatMap(([name, differences]) =>
        differences.map(({ kind, address, attributes }): Annotation => ({
          annotation_type: 'CODE_SMELL',
          result: 'PASSED',
          severity: kind === 'removed' ? 'HIGH' : 'LOW',
          summary: `${name}: ${address} is ${kind}${attributes.length > 0 ? `: ${attributes.join(', ')}` : ''}`,
          path: `tests/checks/plan/recorded/${name}.json`,
        })),
      ),
    ],
  };
}
