import contractJson from './contract.gen.json' with { type: 'json' };

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

export interface Operation {
  readonly requestBody?: { readonly content: Readonly<Record<string, unknown>> };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
}

/** `app/openapi.yaml`, as far as the service reads it itself. */
export interface Contract {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Partial<Readonly<Record<Method, Operation>>>>>;
  readonly components: { readonly securitySchemes: Readonly<Record<string, unknown>> } & Readonly<
    Record<string, object>
  >;
}

/** A copy of its own for each reader: the validator rewrites what it is given. */
export const readContract = (): Contract => structuredClone(contractJson as unknown as Contract);

const methods: readonly Method[] = ['get', 'post', 'put', 'patch', 'delete'];

/** Each path as Express writes it, `/movies/:year/:title`, with its operations. */
export function operationsByRoute(contract: Contract): ReadonlyMap<string, ReadonlyMap<Method, Operation>> {
  return new Map(
    Object.entries(contract.paths).map(([path, item]) => [
      path.replace(/\{(\w+)\}/g, ':$1'),
      new Map(
        methods.flatMap((method) => {
          const operation = item[method];
          return operation === undefined ? [] : [[method, operation] as const];
        }),
      ),
    ]),
  );
}

/** For `Allow`: what the contract has for a path, and HEAD wherever there is GET. */
export const allowedMethods = (operations: ReadonlyMap<Method, Operation>): string =>
  [...operations.keys()]
    .flatMap((method) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]))
    .join(', ');
