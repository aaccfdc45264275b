import { EventEmitter, once } from 'node:events';
import { createServer, request, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { closeServer, listenOnLoopback } from '../../app/src/local/listen.ts';

/** How the database behaves: as it is, as under too much load, or not at all. */
export type Mood = 'well' | 'throttling' | 'silent' | 'broken';

export interface DatabaseFront {
  readonly endpoint: string;
  mood: Mood;
  /** Every conditional write fails: somebody else was faster. */
  conflicts: boolean;
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
  const state = { mood: 'well' as Mood, delayMs: 0, conflicts: false };
  const refuse = (response: ServerResponse, status: number, body: object) =>
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));

  const server = createServer((incoming, response) => {
    seen.push(incoming.headers);
    arrivals.emit('call');
    const isPut = String(incoming.headers['x-amz-target']).endsWith('.PutItem');
    if (state.conflicts && isPut) return refuse(response, 400, outrun);
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
