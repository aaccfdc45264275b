import type { Request, RequestHandler } from 'express';
import type { Logger } from 'pino';
import type { Metrics } from '../telemetry/metrics.ts';

/** One line and one observation per request, when its answer is out or its client gone. */
export function observeRequests(logger: Logger, metrics: Metrics): RequestHandler {
  return (request, response, next) => {
    const { context } = response.locals;
    metrics.requestStarted();
    response.once('close', () => {
      const status = response.writableFinished ? response.statusCode : undefined;
      const durationMs = performance.now() - context.startedAt;
      const route = context.route ?? routeOf(request);
      const observation = {
        route,
        method: request.method,
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
          method: request.method,
          route,
          status: status ?? 'aborted',
          durationMs: Math.round(durationMs * 1_000) / 1_000,
          ...(context.failure === undefined ? {} : { err: context.failure }),
        },
        'request',
      );
    });
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
