import type { Expression, ModuleCall, ModuleConfiguration } from './plan-json.ts';

/** A module on the way down from the root: its configuration and the call that made it. */
interface Scope {
  readonly module: ModuleConfiguration;
  readonly path: string;
  readonly call?: { readonly of: ModuleCall; readonly from: Scope };
}

const withoutIndexes = (address: string): string => address.replaceAll(/\[[^\]]*\]/g, '');

/** `['module.a.module.b', 'aws_x.y']` of `module.a["k"].module.b.aws_x.y[0]`. */
function split(address: string): { readonly modules: readonly string[]; readonly resource: string } {
  const parts = withoutIndexes(address).split('.');
  const modules: string[] = [];
  while (parts[0] === 'module') {
    parts.shift();
    modules.push(parts.shift() ?? '');
  }
  return { modules, resource: parts.join('.') };
}

function enter(scope: Scope, name: string): Scope | undefined {
  const call = scope.module.module_calls?.[name];
  if (call === undefined) return undefined;
  return { module: call.module, path: `${scope.path}module.${name}.`, call: { of: call, from: scope } };
}

function scopeAt(root: ModuleConfiguration, modules: readonly string[]): Scope | undefined {
  const start: Scope = { module: root, path: '' };
  return modules.reduce<Scope | undefined>((at, name) => at && enter(at, name), start);
}

/** The references of an argument, and of everything inside it; blocks are found by name, whatever their number. */
export function referencesAt(expression: Expression | undefined, path: readonly string[]): readonly string[] {
  // Inside of a `constant_value` anything may come.
  if (typeof expression !== 'object' || (expression as unknown) === null) return [];
  if (Array.isArray(expression)) {
    return (expression as readonly Expression[]).flatMap((block) => referencesAt(block, path));
  }
  const own =
    'references' in expression && Array.isArray(expression.references)
      ? (expression.references as string[])
      : [];
  if (own.length > 0) return own;
  const block = expression as Readonly<Record<string, Expression>>;
  const [argument, ...rest] = path;
  if (argument !== undefined) return argument in block ? referencesAt(block[argument], rest) : [];
  return Object.values(block).flatMap((inner) => (typeof inner === 'object' ? referencesAt(inner, []) : []));
}

function resolve(reference: string, scope: Scope, seen: ReadonlySet<string>): readonly string[] {
  const here = `${scope.path}${reference}`;
  if (seen.has(here)) return [];
  const visited = new Set(seen).add(here);
  const [kind = '', name = '', output = ''] = withoutIndexes(reference).split('.');
  if (['local', 'path', 'terraform', 'count', 'self'].includes(kind)) return [];
  if (kind === 'var') {
    if (scope.call === undefined) return [];
    const { of, from } = scope.call;
    return referencesAt(of.expressions?.[name], []).flatMap((next) => resolve(next, from, visited));
  }
  if (kind === 'each') {
    return referencesAt(scope.call?.of.for_each_expression, []).flatMap((next) =>
      scope.call === undefined ? [] : resolve(next, scope.call.from, visited),
    );
  }
  if (kind === 'module') {
    const child = enter(scope, name);
    if (child === undefined || output === '') return [];
    return referencesAt(child.module.outputs?.[output]?.expression, []).flatMap((next) =>
      resolve(next, child, visited),
    );
  }
  // A resource is the only block whose address begins with its type.
  const isNamedByKind = kind === 'data' || kind === 'ephemeral';
  const resource = isNamedByKind ? `${kind}.${name}.${output}` : `${kind}.${name}`;
  return [`${scope.path}${resource}`];
}

/**
 * Addresses (without indexes) of the resources and data sources that the argument at `path` of a resource is made from.
 * Follows `var.` up and `module.` down. Stops at `local.` and inside `dynamic` blocks, which plan JSON doesn't tell.
 */
export function sourcesOf(
  root: ModuleConfiguration,
  address: string,
  path: readonly string[],
): readonly string[] {
  const { modules, resource } = split(address);
  const scope = scopeAt(root, modules);
  const configured = scope?.module.resources?.find((candidate) => candidate.address === resource);
  if (scope === undefined || configured === undefined) return [];
  const found = referencesAt(configured.expressions, path).flatMap((reference) =>
    reference.startsWith('each.')
      ? referencesAt(configured.for_each_expression, []).flatMap((next) => resolve(next, scope, new Set()))
      : resolve(reference, scope, new Set()),
  );
  return [...new Set(found)];
}

/** The same for the argument of a module call, such as `module.service`: what a module does with it is its own affair. */
export function sourcesOfCall(
  root: ModuleConfiguration,
  address: string,
  path: readonly string[],
): readonly string[] {
  const { modules } = split(address);
  const scope = scopeAt(root, modules.slice(0, -1));
  if (scope === undefined) return [];
  const found = referencesAt(scope.module.module_calls?.[modules.at(-1) ?? '']?.expressions, path);
  return [...new Set(found.flatMap((reference) => resolve(reference, scope, new Set())))];
}

/** The same for an output of the root, with the variables that it tells. */
export function sourcesOfOutput(root: ModuleConfiguration, name: string): readonly string[] {
  const found = referencesAt(root.outputs?.[name]?.expression, []).flatMap((reference) =>
    reference.startsWith('var.') ? [reference] : resolve(reference, { module: root, path: '' }, new Set()),
  );
  return [...new Set(found)];
}
