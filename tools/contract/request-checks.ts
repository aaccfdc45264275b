import { Ajv, type Options } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: object;
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly (Parameter | { readonly $ref: string })[];
  readonly requestBody?: {
    readonly required?: boolean;
    readonly content: Readonly<Record<string, { readonly schema: object }>>;
  };
}

/** `app/openapi.yaml`, as far as requests are described by it. */
export interface Document {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, Operation>> & Pick<Operation, 'parameters'>>
  >;
  readonly components: { readonly parameters: Readonly<Record<string, Parameter>> };
}

const methods = ['get', 'post', 'put', 'patch', 'delete'];
const contractId = 'openapi.yaml';

/**
 * The contract's requests as code that checks them: per operation one function for its parameters, which also converts
 * them and fills in defaults, and one for its body, which changes nothing. Made once, so that no start compiles anything.
 */
export function generateRequestChecks(document: Document): Readonly<Record<string, string>> {
  const operations = Object.values(document.paths).flatMap((item) =>
    methods.flatMap((method) => {
      const operation = item[method];
      return operation === undefined
        ? []
        : [{ ...operation, parameters: [...(item.parameters ?? []), ...(operation.parameters ?? [])] }];
    }),
  );
  const parameters = operations.map((operation) => [
    operation.operationId,
    parametersOf(document, operation),
  ]);
  const bodies = operations.flatMap(({ operationId, requestBody }) =>
    requestBody === undefined
      ? []
      : [[operationId, bodyOf(Object.values(requestBody.content)[0]?.schema ?? {})]],
  );
  const generate = (schemas: unknown[][], options: Options) =>
    compile(document, Object.fromEntries(schemas) as Record<string, object>, options);
  return {
    'parameter-checks.gen.ts': generate(parameters, {
      coerceTypes: true,
      useDefaults: true,
      allErrors: true,
    }),
    'body-checks.gen.ts': generate(bodies, {}),
    'body-faults.gen.ts': generate(bodies, { allErrors: true }),
  };
}

function parametersOf(document: Document, { parameters = [] }: Operation): object {
  const all = parameters.map((one) =>
    '$ref' in one ? document.components.parameters[one.$ref.split('/').at(-1) ?? ''] : one,
  );
  const placed = (place: Parameter['in']) => {
    const here = all.filter((parameter) => parameter !== undefined).filter((one) => one.in === place);
    const nameOf = ({ name }: Parameter) => (place === 'header' ? name.toLowerCase() : name);
    return {
      type: 'object',
      properties: Object.fromEntries(here.map((one) => [nameOf(one), one.schema])),
      ...(place === 'query' ? { additionalProperties: false } : {}),
      required: here.filter(({ required }) => required === true).map(nameOf),
    };
  };
  const properties = { path: placed('path'), query: placed('query'), header: placed('header') };
  return { type: 'object', properties };
}

const bodyOf = (schema: object): object => ({
  type: 'object',
  properties: { body: schema },
  required: ['body'],
});

function compile(document: Document, schemas: Readonly<Record<string, object>>, options: Options): string {
  // Not strict: a contract has keywords of OpenAPI, too, such as `example`. Infinity is no number, though.
  const ajv = new Ajv({
    ...options,
    strict: false,
    strictNumbers: true,
    code: { source: true, esm: true, lines: true },
  });
  ajv.addSchema(document, contractId);
  for (const [id, schema] of Object.entries(schemas)) ajv.addSchema(absolute(schema), id);
  const names = Object.keys(schemas);
  const code = standalone.default(ajv, Object.fromEntries(names.map((name) => [name, name])));
  return `// @ts-nocheck\n// Made from openapi.yaml by \`npm run types\`.\n${asModule(code)}\n`;
}

const absolute = (schema: object): object =>
  JSON.parse(JSON.stringify(schema).replaceAll('"#/', `"${contractId}#/`)) as object;

/** The generator writes `require()` even into ES modules: https://github.com/ajv-validator/ajv/issues/2209 */
function asModule(code: string): string {
  const imports = new Map<string, string>();
  const body = code.replace(
    /require\("(ajv\/dist\/runtime\/(\w+))"\)/g,
    (_all, path: string, name: string) => {
      imports.set(`${path}.js`, name);
      return name;
    },
  );
  return [...[...imports].map(([path, name]) => `import ${name} from '${path}';`), body].join('\n');
}
