import type { Trace, Tracing } from '../telemetry/tracing.ts';
import type { Stage } from './stages.ts';

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

/** Opens the context and runs the rest of the request in its trace. */
export function openContext(tracing: Tracing, newId: () => string): Stage {
  return ({ headers }, response, next) => {
    const requestId = textOf(headers['x-request-id']) ?? '';
    const context: RequestContext = {
      requestId: harmlessId.test(requestId) ? requestId : newId(),
      trace: tracing.accept(textOf(headers['traceparent']), textOf(headers['tracestate'])),
      startedAt: performance.now(),
    };
    response.locals.context = context;
    response.setHeader('X-Request-Id', context.requestId);
    tracing.run(context.trace, next);
  };
}

const textOf = (header: string | string[] | undefined): string | undefined =>
  typeof header === 'string' ? header : undefined;
