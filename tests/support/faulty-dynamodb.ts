import { EventEmitter, once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import { buffer } from 'node:stream/consumers';
import { closeServer, listenOnLoopback } from '../../app/src/local/listen.ts';

export type Answer = (
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
) => void | Promise<void>;

export interface FaultyDynamoDb {
  readonly endpoint: string;
  /** The operation of each request, in order of arrival. */
  readonly operations: string[];
  stop(): Promise<void>;
}

/** A DynamoDB that answers as the test says: for what a healthy engine never does. */
export async function startFaultyDynamoDb(answer: Answer): Promise<FaultyDynamoDb> {
  const operations: string[] = [];
  const server = createServer((request, response) => {
    operations.push(operationOf(request));
    void buffer(request).then((body) => answer(request, response, body));
  });
  const { url } = await listenOnLoopback(server, 0);
  return { endpoint: url, operations, stop: () => closeServer(server) };
}

export const operationOf = (request: IncomingMessage): string =>
  String(request.headers['x-amz-target']).replace('DynamoDB_20120810.', '');

/** An error as DynamoDB words it. */
export const failWith =
  (status: number, type: string): Answer =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(
      JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: 'On purpose' }),
    );
  };

/** Hands the request to a healthy engine. */
export async function forward(endpoint: string, request: IncomingMessage, body: Buffer): Promise<Response> {
  const names = ['authorization', 'content-type', 'x-amz-date', 'x-amz-target'];
  const headers = names.map((name): [string, string] => [name, String(request.headers[name])]);
  return fetch(endpoint, { method: 'POST', headers, body: new Uint8Array(body) });
}

export const forwardTo =
  (endpoint: string): Answer =>
  async (request, response, body) => {
    const answer = await forward(endpoint, request, body);
    response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(Buffer.from(await answer.arrayBuffer()));
  };

/** How the database behaves: as it is, as under too much load, or not at all. */
export type Mood = 'well' | 'throttling' | 'silent' | 'broken';

export interface DatabaseFront {
  readonly endpoint: string;
  mood: Mood;
  /** So many of the next writes fail: somebody else was faster. */
  conflicts: number;
  /** The headers of each call since the start. */
  readonly seen: readonly IncomingHttpHeaders[];
  /** Milliseconds that every answer takes longer. */
  delayMs: number;
  /** Resolves when the next call has arrived. */
  nextCall(): Promise<void>;
  stop(): Promise<void>;
}

const outrun = {
  __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException',
  message: 'The conditional request failed',
};
const throttled = {
  __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException',
  message: 'The level of configured provisioned throughput for the table was exceeded.',
};

/** A real network path to a real engine, on which faults can be made. */
export async function startDatabaseFront(target: string): Promise<DatabaseFront> {
  const arrivals = new EventEmitter();
  const seen: IncomingHttpHeaders[] = [];
  const state = { mood: 'well' as Mood, delayMs: 0, conflicts: 0 };
  const refuse = (response: ServerResponse, status: number, body: object) =>
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));

  const server = createServer((incoming, response) => {
    seen.push(incoming.headers);
    arrivals.emit('call');
    const isPut = String(incoming.headers['x-amz-target']).endsWith('.PutItem');
    if (isPut && state.conflicts > 0) {
      state.conflicts -= 1;
      return refuse(response, 400, outrun);
    }
    if (state.mood === 'silent') return;
    if (state.mood === 'throttling') return refuse(response, 400, throttled);
    if (state.mood === 'broken') return refuse(response, 400, { __type: 'ResourceNotFoundException' });
    const outgoing = request(
      target,
      { method: incoming.method, path: incoming.url, headers: incoming.headers },
      (answer) => {
        setTimeout(() => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        }, state.delayMs);
      },
    );
    outgoing.on('error', () => response.destroy());
    incoming.pipe(outgoing);
    return undefined;
  });
  const { url } = await listenOnLoopback(server, 0);
  return Object.assign(state, {
    endpoint: url,
    seen,
    nextCall: () => once(arrivals, 'call').then(() => undefined),
    stop: () => closeServer(server),
  });
}
