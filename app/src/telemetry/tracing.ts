import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';

/** W3C Trace Context, https://www.w3.org/TR/trace-context/: where a request belongs, and which part of it we are. */
export interface Trace {
  readonly traceId: string;
  /** Ours, the parent of whatever we call. */
  readonly spanId: string;
  readonly flags: string;
  readonly state?: string;
}

export interface Tracing {
  /** Goes on with the caller's trace, or starts one where there is none or a malformed one. */
  accept(traceparent: string | undefined, tracestate: string | undefined): Trace;
  run<T>(trace: Trace, work: () => T): T;
  /** The trace of the request that is being worked on; absent outside of one. */
  current(): Trace | undefined;
}

const format = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-.*)?$/;
/** What the specification asks to be passed on at least. */
const maxStateLength = 512;

export function createTracing(randomHex: (bytes: number) => string = secureHex): Tracing {
  const storage = new AsyncLocalStorage<Trace>();
  return {
    accept(traceparent = '', tracestate) {
      const [, traceId, flags = '00', rest] = format.exec(traceparent) ?? [];
      // Version 00 ends after the flags; later versions may go on.
      const isKnown = traceId !== undefined && !(rest !== undefined && traceparent.startsWith('00'));
      if (!isKnown) return { traceId: randomHex(16), spanId: randomHex(8), flags: '00' };
      const keepsState = tracestate !== undefined && tracestate.length <= maxStateLength;
      return { traceId, spanId: randomHex(8), flags, ...(keepsState ? { state: tracestate } : {}) };
    },
    run: (trace, work) => storage.run(trace, work),
    current: () => storage.getStore(),
  };
}

/** The headers that pass a trace on. */
export const traceHeaders = ({ traceId, spanId, flags, state }: Trace): Record<string, string> => ({
  traceparent: `00-${traceId}-${spanId}-${flags}`,
  ...(state === undefined ? {} : { tracestate: state }),
});

const secureHex = (bytes: number) => randomBytes(bytes).toString('hex');
