import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { Limits } from '../config.ts';

/** How often Node looks for clients that are too slow; its default of 30 s would make short limits long. */
const checkEveryMs = 1_000;

/** A server that waits for nobody forever. */
export function createHttpServer(listener: RequestListener, limits: Limits): Server {
  const { requestTimeoutMs, keepAliveTimeoutMs } = limits;
  const server = createServer(
    {
      connectionsCheckingInterval: checkEveryMs,
      // A stage refuses a request without Host, with words.
      requireHostHeader: false,
      keepAliveTimeout: keepAliveTimeoutMs,
      // The whole request, headers and all, has to be here in this time. Were the second one longer, bodies would have
      // as long. Neither counts while a connection is idle between two requests.
      requestTimeout: requestTimeoutMs,
      headersTimeout: requestTimeoutMs,
    },
    listener,
  );
  // Who asks but doesn't take the answer is cut off, too.
  server.timeout = requestTimeoutMs + keepAliveTimeoutMs;
  closeWaitingResponses(server);
  arrivals.set(server, watchArrivals(server));
  return server;
}

/**
 * Of pipelined requests one is answered at a time. When the connection is lost, not every release of Node closes the
 * responses behind the one whose turn it is, and what counts requests in flight would count them for ever. Only those are
 * kept: a list of every request for each connection would outlive them, and grow old.
 */
function closeWaitingResponses(server: Server): void {
  const waiting = new WeakMap<Socket, Set<ServerResponse>>();
  server.prependListener('request', ({ socket }, response) => {
    const isItsTurn = response.socket !== null;
    if (isItsTurn) return;
    const responses = waiting.get(socket) ?? closedWith(socket);
    waiting.set(socket, responses);
    responses.add(response);
    response.once('close', () => {
      responses.delete(response);
      if (!response.writableFinished) closeFiles(response);
    });
  });
}

/** Responses that are closed when the socket is. */
function closedWith(socket: Socket): Set<ServerResponse> {
  const responses = new Set<ServerResponse>();
  socket.once('close', () => {
    // After Node has closed its own.
    setImmediate(() => {
      for (const response of responses) response.destroy().emit('close');
    });
  });
  return responses;
}

/** What serves files listens for `end` (on-finished) and would keep them open; one that is opened later is never told. */
function closeFiles(response: ServerResponse): void {
  response.on('pipe', (file: Readable) => file.destroy());
  response.emit('end');
}

/** Rejects with the system's error, `EADDRINUSE` for instance. Port 0 takes a free one. */
export async function listen(server: Server, port: number, host: string): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

/** How long a request that has begun may take to arrive once no more connections are taken. */
const arrivalMs = 1_000;

/** What each connection of a server brings: the request that it is at, none between two and before the first. */
type Arrivals = Map<Socket, IncomingMessage | undefined>;

function watchArrivals(server: Server): Arrivals {
  const arriving: Arrivals = new Map();
  server.on('connection', (socket) => {
    arriving.set(socket, undefined);
    socket.once('close', () => arriving.delete(socket));
  });
  server.prependListener('request', (request, response) => {
    arriving.set(request.socket, request);
    response.once('close', () => {
      if (arriving.get(request.socket) === request) arriving.set(request.socket, undefined);
    });
  });
  return arriving;
}
const arrivals = new WeakMap<Server, Arrivals>();

/**
 * Takes no more connections, lets requests finish that have arrived, and cuts off what is left after `withinMs`. False when
 * that was a request. `close()` ends the checks of slow clients: who has sent nothing, or not all, is cut off here.
 */
export async function closeServer(server: Server, withinMs: number): Promise<boolean> {
  const arriving = arrivals.get(server) ?? new Map<Socket, undefined>();
  /** For Node.js a connection in the middle of a request is neither idle nor busy. */
  const cutOff = (least: number) => {
    for (const [socket, request] of arriving) {
      if (request?.complete !== true && socket.bytesRead <= least) socket.destroy();
    }
  };
  let finished = true;
  const arrival = setTimeout(() => {
    cutOff(Infinity);
  }, arrivalMs);
  const timer = setTimeout(() => {
    finished = false;
    server.closeAllConnections();
  }, withinMs);
  const closed = new Promise((resolve) => server.close(resolve));
  cutOff(0);
  await closed;
  clearTimeout(arrival);
  clearTimeout(timer);
  return finished;
}
