import type { RequestHandler } from 'express';
import type { Trace, Tracing } from '../telemetry/tracing.ts';

/** What is known of a request beside its content; `response.locals.context`. */
export interface RequestContext {
  readonly requestId: string;
  readonly trace: Trace;
  /** Milliseconds on a clock that only goes forward. */
  readonly startedAt: number;
  /** For what is mounted rather than routed: what the log and the metrics call it. */
  route?: string;
  /** Why the answer is an error. */
  failure?: unknown;
}

/** A caller's own id is kept when it is harmless, so that both sides' logs can be joined. */
const harmlessId = /^[\w.-]{8,64}$/;

/** What a request says of itself and of where it comes from. */
export interface Origin {
  readonly requestId?: string | undefined;
  readonly traceparent?: string | undefined;
  readonly tracestate?: string | undefined;
}

export type CreateContext = (origin: Origin) => RequestContext;

export function createContexts(tracing: Tracing, newId: () => string): CreateContext {
  return ({ requestId = '', traceparent, tracestate }) => ({
    requestId: harmlessId.test(requestId) ? requestId : newId(),
    trace: tracing.accept(traceparent, tracestate),
    startedAt: performance.now(),
  });
}

/** Opens the context and runs the rest of the request in its trace. */
export function openContext(createContext: CreateContext, tracing: Tracing): RequestHandler {
  return (request, response, next) => {
    const context = createContext({
      requestId: request.get('x-request-id'),
      traceparent: request.get('traceparent'),
      tracestate: request.get('tracestate'),
    });
    response.locals.context = context;
    response.setHeader('X-Request-Id', context.requestId);
    tracing.run(context.trace, () => {
      next();
    });
  };
}
