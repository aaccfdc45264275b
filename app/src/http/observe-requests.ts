import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Request, RequestHandler } from 'express';
import type { Logger } from 'pino';
import type { Metrics } from '../telemetry/metrics.ts';
import type { RequestContext } from './request-context.ts';

export type Observe = (
  request: IncomingMessage,
  response: ServerResponse,
  context: RequestContext,
  route: () => string,
) => void;

/** One line and one observation per request, when its answer is out or its client gone. */
export function createObserver(logger: Logger, metrics: Metrics): Observe {
  return (request, response, context, routeOf) => {
    metrics.requestStarted();
    response.once('close', () => {
      const status = response.writableFinished ? response.statusCode : undefined;
      const durationMs = performance.now() - context.startedAt;
      const route = routeOf();
      const { method = '' } = request;
      const observation = {
        route,
        method,
        durationMs,
        ...(status === undefined ? {} : { status }),
      };
      const { span, traceId } = context.trace;
      metrics.requestEnded({ ...observation, ...(span === undefined ? {} : { exportedTraceId: traceId }) });
      span?.ended({
        ...observation,
        ...(context.failure instanceof Error ? { errorType: context.failure.name } : {}),
      });
      logger[levelOf(status)](
        {
          requestId: context.requestId,
          traceId,
          method,
          route,
          status: status ?? 'aborted',
          durationMs: Math.round(durationMs * 1_000) / 1_000,
          ...(context.failure === undefined ? {} : { err: context.failure }),
        },
        'request',
      );
    });
  };
}

export function observeRequests(observe: Observe): RequestHandler {
  return (request, response, next) => {
    const { context } = response.locals;
    observe(request, response, context, () => context.route ?? routeOf(request));
    next();
  };
}

/** `/movies/{year}/{title}`, or `unmatched`: never an address, of which there are endlessly many. */
function routeOf(request: Request): string {
  const route: unknown = request.route;
  const isRouted =
    typeof route === 'object' && route !== null && 'path' in route && typeof route.path === 'string';
  return isRouted ? String(route.path).replace(/:(\w+)/g, '{$1}') : 'unmatched';
}

function levelOf(status: number | undefined): 'info' | 'warn' | 'error' {
  if (status === undefined || status < 500) return 'info';
  return status === 503 ? 'warn' : 'error';
}
