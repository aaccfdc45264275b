import { AsyncLocalStorage } from 'node:async_hooks';
import { randomFillSync } from 'node:crypto';
import type { DynamoCall } from '../dynamo/calls.ts';
import type { RequestObservation } from './metrics.ts';

/** W3C Trace Context, https://www.w3.org/TR/trace-context/: where a request belongs, and which part of it we are. */
export interface Trace {
  readonly traceId: string;
  /** Ours, the parent of whatever we call. */
  readonly spanId: string;
  readonly flags: string;
  readonly state?: string;
  /** Absent unless this request's spans are exported. */
  readonly span?: RequestSpan;
}

/** What is told of a request to whoever collects traces. */
export interface RequestSpan {
  called(call: DynamoCall): void;
  ended(observation: RequestObservation & { readonly errorType?: string }): void;
}

/** The caller's part of the trace that a request belongs to. */
export type Parent = Pick<Trace, 'traceId' | 'spanId' | 'flags' | 'state'>;

/** Where spans come from and go to. It decides which requests are worth it. */
export interface Spans {
  start(parent: Parent | undefined): Trace;
  /** Sends what is still waiting. */
  stop(): Promise<void>;
}

export interface Tracing {
  /** Goes on with the caller's trace, or starts one where there is none or a malformed one; `isQuiet`: no span of it is kept. */
  accept(traceparent: string | undefined, tracestate: string | undefined, isQuiet: boolean): Trace;
  run<T>(trace: Trace, work: () => T): T;
  /** The trace of the request that is being worked on; absent outside of one. */
  current(): Trace | undefined;
}

const format = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
/** What the specification asks to be passed on at least. */
const maxStateLength = 512;

/** @param spans absent when no traces are exported: then ids are only passed on and logged */
export function createTracing(spans?: Spans): Tracing {
  const randomHex = createRandomHex();
  const storage = new AsyncLocalStorage<Trace>();
  return {
    accept(traceparent, tracestate, isQuiet) {
      const parent = readParent(traceparent, tracestate);
      if (spans !== undefined && !isQuiet) return spans.start(parent);
      if (parent === undefined) {
        const both = randomHex(24);
        return { traceId: both.slice(0, 32), spanId: both.slice(32), flags: '00' };
      }
      return { ...parent, spanId: randomHex(8) };
    },
    run: (trace, work) => storage.run(trace, work),
    current: () => storage.getStore(),
  };
}

function readParent(traceparent = '', state: string | undefined): Parent | undefined {
  const [, traceId, spanId, flags, rest] = format.exec(traceparent) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  // Version 00 ends after the flags; later versions may go on.
  if (rest !== undefined && traceparent.startsWith('00')) return undefined;
  const keepsState = state !== undefined && state.length <= maxStateLength;
  return { traceId, spanId, flags, ...(keepsState ? { state } : {}) };
}

/** The headers that pass a trace on. */
export const traceHeaders = ({ traceId, spanId, flags, state }: Trace): Record<string, string> => ({
  traceparent: `00-${traceId}-${spanId}-${flags}`,
  ...(state === undefined ? {} : { tracestate: state }),
});

/** Random bytes are asked for in bulk: the call costs more than the bytes. */
function createRandomHex(): (bytes: number) => string {
  const pool = Buffer.alloc(4_096);
  let used = pool.length;
  return (bytes) => {
    if (used + bytes > pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    const from = used;
    used += bytes;
    return pool.toString('hex', from, used);
  };
}
