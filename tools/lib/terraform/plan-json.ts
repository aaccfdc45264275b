/**
 * The parts of `terraform show -json` that the assertions read.
 * Source: https://developer.hashicorp.com/terraform/internals/json-format (format version 1.2).
 */
export interface PlanJson {
  readonly resource_changes?: readonly ResourceChange[];
  /** What isn't as the state remembers it. */
  readonly resource_drift?: readonly ResourceChange[];
  readonly prior_state?: { readonly values?: { readonly root_module?: StateModule } };
  readonly output_changes?: Readonly<Record<string, Change>>;
  readonly configuration: {
    readonly root_module: ModuleConfiguration;
  };
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface Change {
  readonly actions: readonly ('no-op' | 'create' | 'read' | 'update' | 'delete' | 'forget')[];
  readonly before?: Json;
  readonly after?: Json;
  readonly after_unknown?: Json;
  readonly after_sensitive?: Json;
}

export interface ResourceChange {
  readonly address: string;
  readonly module_address?: string;
  readonly mode: 'managed' | 'data';
  readonly type: string;
  readonly name: string;
  readonly index?: string | number;
  readonly change: Change;
}

interface StateModule {
  readonly resources?: readonly StateResource[];
  readonly child_modules?: readonly StateModule[];
}

interface StateResource {
  readonly address: string;
  readonly mode: 'managed' | 'data';
  readonly type: string;
  readonly name: string;
  readonly values: Json;
}

/** A configured argument: `references` names what its value is made from; a nested block is a list of such objects. */
export type Expression =
  | { readonly references?: readonly string[]; readonly constant_value?: Json }
  | readonly ExpressionBlock[]
  | ExpressionBlock;
export interface ExpressionBlock {
  readonly [argument: string]: Expression;
}

export interface ModuleConfiguration {
  readonly resources?: readonly {
    readonly address: string;
    readonly expressions?: ExpressionBlock;
    readonly for_each_expression?: Expression;
  }[];
  readonly module_calls?: Readonly<Record<string, ModuleCall>>;
  readonly outputs?: Readonly<Record<string, { readonly expression?: Expression }>>;
}

export interface ModuleCall {
  readonly source: string;
  readonly expressions?: ExpressionBlock;
  readonly for_each_expression?: Expression;
  readonly module: ModuleConfiguration;
}

const flatten = (module: StateModule = {}): readonly StateResource[] => [
  ...(module.resources ?? []),
  ...(module.child_modules ?? []).flatMap(flatten),
];

/** Every resource and data source in the prior state, modules flattened. */
export const priorResources = (plan: PlanJson): readonly StateResource[] =>
  flatten(plan.prior_state?.values?.root_module);

/** The same of a state, as `terraform show -json` tells it. */
export const stateResources = (stateJson: string): readonly StateResource[] =>
  flatten((JSON.parse(stateJson) as NonNullable<PlanJson['prior_state']>).values?.root_module);

/** Stands for a value that only an apply will tell. */
export const unknown = Symbol('known after apply');

/** A planned value: JSON in which what is not known yet is the symbol `unknown`. */
export type Value =
  null | boolean | number | string | typeof unknown | readonly Value[] | { readonly [key: string]: Value };

export function isObject(value: unknown): value is { readonly [key: string]: Value } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: unknown): value is readonly Value[] {
  return Array.isArray(value);
}

/**
 * Lays `after_unknown` over `after`: Terraform leaves attributes that are not known yet out of `after`, and an assertion
 * must tell "not known" from "not set".
 */
export function overlay(after: Json | undefined, afterUnknown: Json | undefined): Value {
  if (afterUnknown === true) return unknown;
  if (isList(afterUnknown)) {
    const list = isList(after) ? after : [];
    const length = Math.max(list.length, afterUnknown.length);
    return Array.from({ length }, (_, index) => overlay(jsonAt(list, index), jsonAt(afterUnknown, index)));
  }
  if (isObject(afterUnknown)) {
    const known = isObject(after) ? after : {};
    const keys = new Set([...Object.keys(known), ...Object.keys(afterUnknown)]);
    return Object.fromEntries(
      [...keys].map((key) => [key, overlay(jsonAt(known, key), jsonAt(afterUnknown, key))]),
    );
  }
  return after ?? null;
}

function jsonAt(container: unknown, key: string | number): Json | undefined {
  // JSON in, JSON out: this is the parsing edge of a plan.
  return (container as Readonly<Record<string | number, Json>>)[key];
}

/** How a value reads in a message: one line, cut where it gets long. */
export function show(value: unknown): string {
  if (value === unknown) return '(known after apply)';
  if (value === undefined) return '(not set)';
  const text = JSON.stringify(value, (_key, part: unknown) =>
    part === unknown ? '(known after apply)' : part,
  );
  return text.length > 160 ? `${text.slice(0, 157)}…` : text;
}

/** A copy in which another value is at that place. */
export function replaceAt(
  whole: Value,
  [step, ...rest]: readonly (string | number)[],
  value: Value | undefined,
): Value {
  if (step === undefined) return value ?? null;
  if (isList(whole))
    return whole.map((part, index) => (index === step ? replaceAt(part, rest, value) : part));
  if (!isObject(whole)) return whole;
  return Object.fromEntries([...Object.entries(whole), [step, replaceAt(whole[step] ?? null, rest, value)]]);
}
