import type { Logger } from 'pino';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Stage } from './stages.ts';

/** One line and one observation per request, when its answer is out or its client gone. */
export function observeRequests(logger: Logger, metrics: Metrics): Stage {
  return (request, response, next) => {
    const { context, found } = response.locals;
    metrics.requestStarted();
    response.once('close', () => {
      const status = response.writableFinished ? response.statusCode : undefined;
      const durationMs = performance.now() - context.startedAt;
      // A template: never an address, of which there are endlessly many.
      const route = context.route ?? found?.path ?? 'unmatched';
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
          ...(context.refusal === undefined ? {} : { refusal: context.refusal }),
        },
        'request',
      );
    });
    next();
  };
}

function levelOf(status: number | undefined): 'info' | 'warn' | 'error' {
  if (status === undefined || status < 500) return 'info';
  return status === 503 ? 'warn' : 'error';
}
