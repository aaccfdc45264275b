import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Json, PlanJson } from '../../lib/terraform/plan-json.ts';
import { sourcesOf } from '../../lib/terraform/references.ts';

interface PlannedModule {
  readonly resources?: readonly { readonly address: string; values: Record<string, Json> }[];
  readonly child_modules?: readonly PlannedModule[];
}

/**
 * A plan as a scanner should see it. Scanners take an attribute whose value is known after the apply for one that isn't
 * set ("log group without a key"). Where the configuration says what it comes from, the address of that resource stands in
 * for the value; whatever is unknown for another reason stays absent. Nulls go: Trivy writes a plan back as HCL, a null
 * inside a list as `<nil>`, can't parse that, and calls the whole plan clean.
 */
export function enrichPlan<T extends PlanJson>(plan: T): T {
  const copy = structuredClone(plan);
  const planned = (copy as { planned_values?: { root_module?: PlannedModule } }).planned_values?.root_module;
  const values = new Map(flatten(planned).map((resource) => [resource.address, resource.values]));
  for (const { address, change } of copy.resource_changes ?? []) {
    const standIn = (path: readonly string[]): string | undefined => {
      const [source] = sourcesOf(copy.configuration.root_module, address, path);
      const same = source === undefined ? undefined : values.get(source)?.[path.at(-1) ?? ''];
      return typeof same === 'string' ? same : source && `${source}.id`;
    };
    fill(values.get(address), change.after_unknown, [], standIn);
    fill(change.after, change.after_unknown, [], standIn);
  }
  const { resource_changes: changes = [] } = copy;
  return {
    ...copy,
    ...(planned === undefined ? {} : { planned_values: { root_module: dropNulls(planned) } }),
    resource_changes: changes.map((resource) => ({
      ...resource,
      change: { ...resource.change, after: dropNulls(resource.change.after ?? null) },
    })),
  };
}

/** Fills what is unknown in an object and its nested blocks. */
function fill(
  target: Json | undefined,
  unknown: Json | undefined,
  path: readonly string[],
  standIn: (path: readonly string[]) => string | undefined,
): void {
  if (!isObject(target) || !isObject(unknown)) return;
  for (const [name, part] of Object.entries(unknown)) {
    if (mayBeFilled(part)) {
      const value = standIn([...path, name]);
      if (value !== undefined) Object.assign(target, { [name]: Array.isArray(part) ? [value] : value });
    } else if (Array.isArray(part)) {
      const blocks = target[name];
      (part as readonly Json[]).forEach((block, index) => {
        if (Array.isArray(blocks)) fill((blocks as readonly Json[])[index], block, [...path, name], standIn);
      });
    }
  }
}

const isObject = (value: Json | undefined): value is Json & { [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function dropNulls<T>(value: T): T {
  if (Array.isArray(value))
    return value.filter((part) => part !== null).map((part: unknown) => dropNulls(part)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, part]) => part !== null)
      .map(([key, part]: [string, unknown]) => [key, dropNulls(part)]),
  ) as T;
}

/** The whole value is unknown, or each element of a flat list is. */
const mayBeFilled = (unknown: Json): boolean =>
  unknown === true ||
  (Array.isArray(unknown) && unknown.length > 0 && unknown.every((part) => part === true));

const flatten = (module: PlannedModule | undefined): NonNullable<PlannedModule['resources']>[number][] =>
  module === undefined ? [] : [...(module.resources ?? []), ...(module.child_modules ?? []).flatMap(flatten)];

/** Lets a scanner look at enriched copies, each called `<environment>.json`, and removes them again. */
export async function withEnriched<T>(
  plans: ReadonlyMap<string, string>,
  scan: (files: readonly string[]) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'plans-'));
  try {
    const files: string[] = [];
    for (const [name, path] of plans) {
      const plan = enrichPlan(JSON.parse(await readFile(path, 'utf8')) as PlanJson);
      files.push(join(folder, `${name}.json`));
      await writeFile(join(folder, `${name}.json`), JSON.stringify(plan));
    }
    return await scan(files);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
