import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
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
  return server;
}

/**
 * Of pipelined requests one is answered at a time. When the connection is lost, Node closes the response whose turn it
 * is; those behind it would never hear of it, and what counts requests in flight would count them for ever. Only those are
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
    response.once('close', () => responses.delete(response));
  });
}

/** Responses that are closed when the socket is. */
function closedWith(socket: Socket): Set<ServerResponse> {
  const responses = new Set<ServerResponse>();
  socket.once('close', () => {
    // After Node has closed its own.
    setImmediate(() => {
      for (const response of responses) {
        response.destroy().emit('close');
        // What serves files listens for this one (on-finished), and would keep them open.
        response.emit('end');
      }
    });
  });
  return responses;
}

/** Rejects with the system's error, `EADDRINUSE` for instance. Port 0 takes a free one. */
export async function listen(server: Server, port: number, host: string): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

/**
 * Takes no more connections, lets requests finish, and cuts off what is left after `withinMs`. False when it had to.
 */
export async function closeServer(server: Server, withinMs: number): Promise<boolean> {
  let finished = true;
  const timer = setTimeout(() => {
    finished = false;
    server.closeAllConnections();
  }, withinMs);
  await new Promise((resolve) => server.close(resolve));
  clearTimeout(timer);
  return finished;
}
