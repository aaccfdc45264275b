/**
 * The parts of `terraform show -json` that the assertions read.
 * Source: https://developer.hashicorp.com/terraform/internals/json-format (format version 1.2).
 */
export interface PlanJson {
  readonly resource_changes?: readonly ResourceChange[];
  readonly prior_state?: { readonly values?: { readonly root_module?: StateModule } };
  readonly output_changes?: Readonly<Record<string, Change>>;
  readonly configuration: { readonly root_module: ModuleConfiguration };
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

/** Every resource and data source in the prior state, modules flattened. */
export function priorResources(plan: PlanJson): readonly StateResource[] {
  const flatten = (module: StateModule | undefined): readonly StateResource[] =>
    module === undefined
      ? []
      : [...(module.resources ?? []), ...(module.child_modules ?? []).flatMap(flatten)];
  return flatten(plan.prior_state?.values?.root_module);
}
