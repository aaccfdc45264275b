import contractJson from './contract.gen.json' with { type: 'json' };
import type { operations } from './contract.gen.ts';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
export type OperationId = keyof operations;
type Security = readonly Readonly<Record<string, readonly string[]>>[];

export interface Operation {
  readonly operationId: OperationId;
  readonly parameters?: readonly (Parameter | Reference)[];
  readonly requestBody?: { readonly content: Readonly<Record<string, unknown>> };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
  readonly security?: Security;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header' | 'cookie';
  readonly required?: boolean;
  readonly allowReserved?: boolean;
  readonly schema: Schema;
}

/** As far as parameters have one. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly description?: string;
}

interface Reference {
  readonly $ref: string;
}

export type PathItem = Partial<Readonly<Record<Method, Operation>>> & {
  readonly parameters?: readonly (Parameter | Reference)[];
};

/** `app/openapi.yaml`, as far as the service reads it itself. */
export interface Contract {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly security: Security;
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: {
    readonly securitySchemes: Readonly<Record<string, unknown>>;
    readonly parameters: Readonly<Record<string, Parameter>>;
    readonly schemas: Readonly<Record<string, Schema>>;
  } & Readonly<Record<string, object>>;
}

/** A copy of its own for each reader: the validator rewrites what it is given. */
export const readContract = (): Contract => structuredClone(contractJson as unknown as Contract);

const methods: readonly Method[] = ['get', 'post', 'put', 'patch', 'delete'];

/** What the contract has at an address. */
export interface Found {
  /** `/movies/{year}/{title}` */
  readonly path: string;
  /** For `Allow`: HEAD is there wherever GET is. */
  readonly allowed: string;
  /** Whether anybody may use all that is here. */
  readonly isPublic: boolean;
  /** The parts of the address by name, still percent-encoded. */
  readonly params: Readonly<Record<string, string>>;
  /** Absent for a method that the contract doesn't have here. */
  readonly operation: FoundOperation | undefined;
}

export interface FoundOperation {
  readonly id: OperationId;
  readonly parameters: readonly Parameter[];
  /** Types that its body may have; none where there is no body. */
  readonly bodyTypes: readonly string[];
  /** Whether it answers 406 to who can't take JSON. */
  readonly negotiates: boolean;
  /** Those that a caller needs; absent where anybody may call. */
  readonly scopes: readonly string[] | undefined;
}

/** @param url a request's target, with its query */
export type FindOperation = (method: string | undefined, url: string) => Found | undefined;

export function createFindOperation(contract: Contract): FindOperation {
  const routes = Object.entries(contract.paths).map(([path, item]) => readPath(contract, path, item));
  const literal = new Map(
    routes.filter(({ names }) => names.length === 0).map((route) => [route.path, route]),
  );
  const templates = routes.filter(({ names }) => names.length > 0);
  return (method = '', url) => {
    const end = url.indexOf('?');
    const address = end === -1 ? url : url.slice(0, end);
    const name = (method === 'HEAD' ? 'get' : method.toLowerCase()) as Method;
    const exact = literal.get(address);
    if (exact !== undefined) return exact.found(name, {});
    for (const { pattern, names, found } of templates) {
      const parts = pattern.exec(address);
      if (parts === null) continue;
      return found(name, Object.fromEntries(names.map((part, at) => [part, parts[at + 1] ?? ''])));
    }
    return undefined;
  };
}

function readPath(contract: Contract, path: string, item: PathItem) {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const operations = methods.flatMap((method) => {
    const operation = item[method];
    return operation === undefined ? [] : [[method, readOperation(contract, item, operation)] as const];
  });
  const allowed = operations
    .flatMap(([method]) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]))
    .join(', ');
  const isPublic = operations.every(([, { scopes }]) => scopes === undefined);
  const byMethod = new Map(operations);
  return {
    path,
    names,
    pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '([^/]+)')}$`),
    found: (method: Method, params: Found['params']): Found => ({
      path,
      allowed,
      isPublic,
      params,
      operation: byMethod.get(method),
    }),
  };
}

function readOperation(
  { security: byDefault, components }: Contract,
  item: PathItem,
  operation: Operation,
): FoundOperation {
  const { operationId: id, security = byDefault, requestBody, responses } = operation;
  const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])]
    .map((parameter) => ('$ref' in parameter ? parameterOf(components, parameter) : parameter))
    .map((parameter) => ({ ...parameter, schema: schemaOf(components, parameter.schema) }));
  return {
    id,
    parameters,
    bodyTypes: Object.keys(requestBody?.content ?? {}),
    negotiates: '406' in responses,
    scopes: security.length === 0 ? undefined : security.flatMap(({ oauth2 = [] }) => oauth2),
  };
}

function schemaOf({ schemas }: Contract['components'], schema: Schema): Schema {
  const { $ref } = schema;
  if ($ref === undefined) return schema;
  const found = schemas[$ref.replace('#/components/schemas/', '')];
  if (found === undefined) throw new Error(`The contract has no schema ${$ref}.`);
  return found;
}

function parameterOf({ parameters }: Contract['components'], { $ref }: Reference): Parameter {
  const parameter = parameters[$ref.replace('#/components/parameters/', '')];
  if (parameter === undefined) throw new Error(`The contract has no parameter ${$ref}.`);
  return parameter;
}
