import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parse } from '@cdktn/hcl2json';
import { Problem } from '../../../app/src/commands/problem.ts';
import { writeReport, type Annotation, type Report } from '../../lib/insights.ts';
import { settingsOf } from '../../lib/pipeline-definition.ts';
import { output, run } from '../../lib/processes.ts';
import { costOf, describeCost, priceBasis, typeOf, type Cost, type PlannedResource } from './costs.ts';
import { environments, isInput, sources } from './inputs.ts';

/** The module lock's `modules`, as far as capabilities go. */
export type Lock = Readonly<
  Record<
    string,
    Readonly<Record<string, { readonly capabilities: Readonly<Record<string, readonly string[]>> }>>
  >
>;

export interface ResourceDifference {
  readonly kind: 'removed' | 'replaced' | 'changed' | 'added';
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
  return [...new Set([...before.keys(), ...after.keys()])]
    .sort()
    .flatMap((address): ResourceDifference[] => {
      const old = before.get(address);
      const now = after.get(address);
      if (old === undefined) return [{ kind: 'added', address, attributes: [] }];
      if (now === undefined) return [{ kind: 'removed', address, attributes: [] }];
      const attributes = differences(old, now);
      const isReplaced = attributes.some((name) => identities.test(`${typeOf({ address })}.${name}`));
      return attributes.length === 0
        ? []
        : [{ kind: isReplaced ? 'replaced' : 'changed', address, attributes }];
    })
    .sort((a, b) => weightOf(a) - weightOf(b));
}

/**
 * What AWS can't change in place, as far as it hurts to lose: a plan from nothing doesn't say what it would replace. A
 * rename is one, too.
 */
const identities =
  /\.(name|name_prefix|bucket|family|identifier|domain|hash_key|range_key|availability_zone|vpc_id|cidr_block|engine)$/;

const kinds = ['removed', 'replaced', 'changed', 'added'] as const;
/** By meaning: who can reach it, who may do what, what is kept, and the rest. */
const meanings = [
  /^aws_(vpc|subnet|route|nat_|internet_|eip|security_group|network_|lb|wafv2|default_)/,
  /^aws_(iam|kms|cognito|secretsmanager)|_policy$/,
  /^aws_(dynamodb|s3|backup|cloudwatch_log_group)/,
];

/** What goes or is replaced comes first, then network, identity, data, and the rest. */
function weightOf({ kind, address }: ResourceDifference): number {
  const meaning = meanings.findIndex((types) => types.test(typeOf({ address })));
  const isLost = kind === 'removed' || kind === 'replaced';
  return (isLost ? 0 : 100) + (meaning < 0 ? 10 : meaning) + kinds.indexOf(kind) / 10;
}

/** `aws_ecs_service.api is changed: cpu` */
export const describeDifference = ({ kind, address, attributes }: ResourceDifference): string =>
  `${address} is ${kind}${attributes.length > 0 ? `: ${attributes.join(', ')}` : ''}`;

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
  unplanned: readonly string[] = [],
): Report {
  const entries = Object.entries(environments);
  const count = (differences: readonly ResourceDifference[], kind: ResourceDifference['kind']): number =>
    differences.filter((difference) => difference.kind === kind).length;
  const counts = entries.map(
    ([name, differences]) =>
      `${name}: ${kinds.map((kind) => `${count(differences, kind)} ${kind}`).join(', ')}`,
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
        .map(({ name, old, now }) =>
          annotate(recordingOf(name), 'MEDIUM', `Costs of ${describeCost(name, old, now)}`),
        ),
      ...capabilities.map((summary) => ({
        ...annotate(lockFile, 'HIGH', `A module's capabilities: ${summary}`),
        annotation_type: 'VULNERABILITY' as const,
      })),
      ...unplanned.map((place) =>
        annotate(
          place.split(': ')[0] ?? place,
          'MEDIUM',
          `Changed where no planned value shows it: ${place}`,
        ),
      ),
      ...entries.flatMap(([name, differences]) =>
        differences.map((difference) =>
          annotate(
            recordingOf(name),
            weightOf(difference) < 100 ? 'HIGH' : 'LOW',
            `${name}: ${describeDifference(difference)}`,
          ),
        ),
      ),
    ],
  };
}

const lockFile = 'security/modules.lock.json';
const recordingOf = (environment: string): string => `tests/checks/plan/recorded/${environment}.json`;
const annotate = (path: string, severity: Annotation['severity'], summary: string): Annotation => ({
  annotation_type: 'CODE_SMELL',
  result: 'PASSED',
  severity,
  summary,
  path,
});

interface RecordedPlan {
  readonly plan: { readonly resource_changes?: readonly PlannedResource[] };
}

/** Compares the recorded plans and the module lock with those of commit `base`, and writes reports/plans/report.json. */
export async function reviewPlans(project: string, base: string): Promise<Report> {
  const { code, stdout } = await run('git', ['rev-parse', '--verify', '--quiet', `${base}^{commit}`], {
    cwd: project,
  });
  if (code !== 0)
    throw new Problem(`This clone has no commit ${base}.`, 'Fetch it, or name another one with BASE=….');
  const commit = stdout.trim();
  const read = async <T>(path: string, empty: T): Promise<readonly [T, T]> =>
    [
      JSON.parse((await show(project, commit, path)) ?? JSON.stringify(empty)) as T,
      JSON.parse(await readFile(join(project, path), 'utf8')) as T,
    ] as const;
  const plans = await Promise.all(
    environments.map(async (name) => {
      const [old, now] = await read<RecordedPlan>(recordingOf(name), { plan: {} });
      return {
        name,
        old: old.plan.resource_changes ?? [],
        now: now.plan.resource_changes ?? [],
      };
    }),
  );
  const [oldLock, lock] = await read<{ readonly modules: Lock }>(lockFile, { modules: {} });
  const capabilities = compareCapabilities(oldLock.modules, lock.modules);
  const differences = Object.fromEntries(plans.map(({ name, old, now }) => [name, comparePlans(old, now)]));
  const report = reportPlans(
    differences,
    capabilities,
    plans.map(({ name, old, now }) => ({
      name,
      ...(old.length > 0 && { old: costOf(old) }),
      now: costOf(now),
    })),
    await listUnplanned(project, commit, Object.values(differences).flat()),
  );
  await writeReport(join(project, 'reports', 'plans'), report);
  return report;
}

/** How many names a block of HCL has. */
const labels: Readonly<Record<string, number>> = {
  ...{ resource: 2, data: 2 },
  ...{ module: 1, variable: 1, output: 1, provider: 1 },
};

/** Each attribute of HCL as JSON, by the address of its block and its name. */
function attributesIn(hcl: Readonly<Record<string, unknown>>): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>();
  const walk = (held: unknown, depth: number, at: string): void => {
    for (const block of [held].flat())
      for (const [name, value] of Object.entries(settingsOf(block)))
        if (depth === 0) found.set(`${at}.${name}`, value);
        else walk(value, depth - 1, `${at}.${name}`);
  };
  for (const [kind, blocks] of Object.entries(hcl))
    // A value of a tfvars file is no block.
    if (['terraform', 'locals', ...Object.keys(labels)].includes(kind)) walk(blocks, labels[kind] ?? 0, kind);
    else found.set(kind, blocks);
  return found;
}

/**
 * What is written otherwise and no planned value shows: a setting of the lifecycle or the backend, a reference to what only
 * the apply will know, a condition of a variable. `file: address.attribute`, or the file where it isn't HCL.
 */
async function listUnplanned(
  project: string,
  commit: string,
  differences: readonly ResourceDifference[],
): Promise<readonly string[]> {
  const named = await output('git', ['diff', '--name-only', commit, '--', ...sources], { cwd: project });
  const places = await Promise.all(
    named
      .split('\n')
      .filter(isInput)
      .map(async (file) => {
        if (!/\.tf(vars)?$/.test(file)) return [file];
        const texts = [await show(project, commit, file), await readIfThere(join(project, file))];
        const [old, now] = await Promise.all(
          texts.map(async (text = '') => attributesIn(await parse(file, text))),
        );
        return [...new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])])]
          .filter((path) => !path.endsWith('.description'))
          .filter((path) => !isDeepStrictEqual(old?.get(path), now?.get(path)))
          .filter((path) => !isPlanned(path, differences))
          .map((path) => `${file}: ${path.replace(/^resource\./, '')}`);
      }),
  );
  return places.flat().sort();
}

/** Whether a difference of the plans is about this attribute of a resource, or about what this module makes. */
const isPlanned = (path: string, differences: readonly ResourceDifference[]): boolean =>
  differences.some(({ address, kind, attributes }) => {
    const [block = '', type = '', name = '', attribute = ''] = path.split('.');
    if (block === 'module') return address.startsWith(`module.${type}.`);
    return (
      block === 'resource' &&
      address.replaceAll(/\[[^\]]*\]/g, '').endsWith(`${type}.${name}`) &&
      (kind === 'added' || kind === 'removed' || attributes.includes(attribute))
    );
  });

const readIfThere = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').catch(() => undefined);

/** A file as it was at a commit; undefined when it wasn't there. */
async function show(project: string, commit: string, path: string): Promise<string | undefined> {
  const names = await output('git', ['ls-tree', '--name-only', commit, '--', path], { cwd: project });
  return names === '' ? undefined : output('git', ['show', `${commit}:${path}`], { cwd: project });
}
