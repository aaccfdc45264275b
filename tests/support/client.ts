import { request, type IncomingHttpHeaders } from 'node:http';

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
