import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { Metrics } from '../telemetry/metrics.ts';
import { answerError, describeProblem } from './errors.ts';
import { HttpProblem, statusName } from './problem.ts';
import { dataHeaders } from './security-headers.ts';
import type { ApiResponse } from './stages.ts';

export interface BrokenRequestsDeps {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly newId: () => string;
}

/** How long a client has to take its answer before the connection is cut. */
const lingerMs = 1_000;

const problems: Readonly<Record<string, readonly [status: number, detail: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'The request line and the headers are larger than 16 kB.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'The extensions of the chunks are too large.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in time.'],
};

/**
 * What the HTTP parser refuses never becomes a request. It is answered, logged and counted all the same: a client learns
 * why, and finds an id that the log has.
 */
export function answerBrokenRequests(server: Server, { logger, metrics, newId }: BrokenRequestsDeps): void {
  const latest = new WeakMap<
    Duplex,
    { readonly request: IncomingMessage; readonly response: ServerResponse }
  >();
  const refused = new WeakSet<Duplex>();

  const refuse = (socket: Duplex, problem: HttpProblem, method: string): void => {
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    const [requestId, route, { status }] = [newId(), 'unmatched', problem];
    metrics.requestStarted();
    metrics.requestEnded({ route, method, status, durationMs: 0 });
    logger.info({ requestId, method, route, status, durationMs: 0, reason: problem.message }, 'request');
    socket.end(inWords(problem, requestId));
    setTimeout(() => socket.destroy(), lingerMs).unref();
  };

  server.prependListener('request', (request, response) => {
    latest.set(request.socket, { request, response });
  });
  // Node would answer 417 without a word; a stage has words for it.
  server.on('checkExpectation', (request, response) => {
    server.emit('request', request, response);
  });
  server.on('connect', ({ method = '' }, socket) => {
    refuse(socket, new HttpProblem(405, 'This is no proxy: CONNECT is not possible here.'), method);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (refused.has(socket)) return;
    refused.add(socket);
    const [status, detail] = problems[error.code ?? ''] ?? [400, 'The request is not well-formed HTTP.'];
    const problem = new HttpProblem(status, detail, { cause: error, headers: { Connection: 'close' } });
    const { request, response } = latest.get(socket) ?? {};
    if (request === undefined || response === undefined || response.writableFinished) {
      refuse(socket, problem, '');
    } else if (request.complete) {
      // It is whole, and what comes behind it is broken: its answer goes first.
      response.once('close', () => {
        refuse(socket, problem, '');
      });
    } else if (response.headersSent || !hasContext(response)) {
      socket.destroy();
    } else {
      answerError(problem, request, response);
    }
  });
}

const hasContext = (response: ServerResponse): response is ApiResponse =>
  'locals' in response && typeof response.locals === 'object';

function inWords(problem: HttpProblem, requestId: string): string {
  const body = JSON.stringify(describeProblem(problem, '', requestId));
  const headers = new Map([
    ...dataHeaders(),
    ['Content-Type', 'application/problem+json; charset=utf-8'],
    ['Content-Length', String(Buffer.byteLength(body))],
    ['Cache-Control', 'no-store'],
    ['X-Request-Id', requestId],
    ['Connection', 'close'],
    ...Object.entries(problem.headers),
  ]);
  const lines = [...headers].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `HTTP/1.1 ${problem.status} ${statusName(problem.status)}\r\n${lines}\r\n${body}`;
}
