import { type IncomingHttpHeaders, request } from 'node:http';
import { Ajv } from 'ajv';
import { type Method, type Operation, readContract } from '../../app/src/http/contract.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The parsed body; undefined where there is none or it isn't JSON. */
  readonly json: unknown;
}

export interface Call {
  readonly headers?: Readonly<Record<string, string>>;
  /** Text and bytes go as they are; anything else as JSON. */
  readonly body?: unknown;
}

export type Send = (method: string, path: string, call?: Call) => Promise<Answer>;

/** Sends paths as they are given: fetch would tidy up dots, which are titles here. No connection is kept. */
export function createClient(port: number, byDefault: Readonly<Record<string, string>> = {}): Send {
  return (method, path, { headers = {}, body } = {}) =>
    new Promise((resolve, reject) => {
      const text = toBytes(body);
      const outgoing = request(
        {
          host: '127.0.0.1',
          port,
          method,
          path,
          agent: false,
          headers: {
            ...(text === undefined ? {} : { 'content-type': 'application/json' }),
            ...(text === undefined ? {} : { 'content-length': String(text.length) }),
            ...byDefault,
            ...headers,
          },
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.on('error', reject);
          incoming.on('end', () => {
            const received = Buffer.concat(chunks).toString();
            const isJson = incoming.headers['content-type']?.includes('json') === true && received !== '';
            resolve({
              status: incoming.statusCode ?? 0,
              headers: incoming.headers,
              text: received,
              json: isJson ? JSON.parse(received) : undefined,
            });
          });
        },
      );
      outgoing.on('error', reject);
      outgoing.end(text);
    });
}

function toBytes(body: unknown): Buffer | undefined {
  if (body === undefined || Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

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
