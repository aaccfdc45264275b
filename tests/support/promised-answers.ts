import { Ajv } from 'ajv';
import { readContract, type Method, type Operation } from '../../app/src/http/contract.ts';
import type { Send } from './client.ts';

const contract = readContract();
const ajv = new Ajv({ strict: false });
ajv.addSchema(contract, 'openapi.yaml');

const routes = Object.entries(contract.paths).map(([path, item]) => ({
  path,
  pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/?]+')}(\\?|$)`),
  item,
}));
/** What no operation promises: another method, a fault of ours. */
const always = new Set([405, 500]);

/** A client whose answers have to be what the contract promises for the operation that they come from. */
export function promised(send: Send): Send {
  return async (method, path, call) => {
    const answer = await send(method, path, call);
    const broken = breach(method, path, answer);
    if (broken !== undefined)
      throw new Error(`${method} ${path} ${answer.status}: ${broken}\n${answer.text}`);
    return answer;
  };
}

function breach(
  method: string,
  path: string,
  { status, text, json, headers }: Awaited<ReturnType<Send>>,
): string | undefined {
  const route = routes.find(({ pattern }) => pattern.test(path));
  const operation = route?.item[(method === 'HEAD' ? 'get' : method.toLowerCase()) as Method];
  if (operation === undefined || always.has(status)) return undefined;
  const response = resolve(operation.responses[String(status)]);
  if (response === undefined) return 'is not in the contract';
  const [type, content] = Object.entries(response.content ?? {})[0] ?? [];
  if (text === '' || type === undefined) return undefined;
  if (headers['content-type']?.startsWith(type) !== true) return 'is of another type';
  const schema = (content as { readonly schema?: object }).schema ?? {};
  const isRight = ajv.validate(absolute(schema), type.includes('json') ? json : text);
  return isRight ? undefined : ajv.errorsText();
}

const resolve = (response: Operation['responses'][string] | { readonly $ref: string } | undefined) =>
  response !== undefined && '$ref' in response
    ? (ajv.getSchema(`openapi.yaml${response.$ref}`)?.schema as Operation['responses'][string])
    : response;

const absolute = (schema: object): object =>
  JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi.yaml#/')) as object;
