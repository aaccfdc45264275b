import { expect, test } from '@jest/globals';
import { createTracing, traceHeaders } from '../../app/src/telemetry/tracing.ts';

/** More than are taken from one helping of random bytes. */
const many = 1_000;
const traceparent = /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/;

test('of a thousand requests that nobody traces each has a trace and a span id of its own, in W3C form', () => {
  const tracing = createTracing();

  const traces = Array.from({ length: many }, () => tracing.accept(undefined, undefined));

  expect(new Set(traces.map(({ traceId }) => traceId)).size).toBe(many);
  expect(new Set(traces.map(({ spanId }) => spanId)).size).toBe(many);
  expect(traces.filter((trace) => !traceparent.test(traceHeaders(trace)['traceparent'] ?? ''))).toEqual([]);
});
