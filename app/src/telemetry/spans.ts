import {
  createTraceState,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Span,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { AWSXRayIdGenerator } from '@opentelemetry/id-generator-aws-xray';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  SamplingDecision,
  type Sampler,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import type { Logger } from 'pino';
import type { Parent, RequestSpan, Spans, Trace } from './tracing.ts';

/** The only flag that says something to a sampler. */
const sampled = 1;

export interface SpanSettings {
  /** Of an OTLP receiver over HTTP, without `/v1/traces`. */
  readonly endpoint: string;
  /** 0 to 1, of all requests, whatever their callers say. */
  readonly sampleRate: number;
  readonly service: string;
  readonly version: string;
  readonly region: string;
}

/**
 * Spans by OpenTelemetry, named by its conventions and with ids that X-Ray takes. They hold routes, operations and
 * outcomes, and nothing that anybody sent: no address, title, query, header or message of an error.
 */
export function createSpans(settings: SpanSettings, logger: Logger): Spans {
  const exporter = new OTLPTraceExporter({
    url: `${settings.endpoint.replace(/\/$/, '')}/v1/traces`,
    // Beside us on this host; a stop waits for this at most.
    timeoutMillis: 2_000,
  });
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({
      'service.name': settings.service,
      'service.version': settings.version,
      'cloud.region': settings.region,
    }),
    idGenerator: new AWSXRayIdGenerator(),
    sampler: new ParentBasedSampler({
      root: byChance(settings.sampleRate),
      remoteParentSampled: byChance(settings.sampleRate),
      remoteParentNotSampled: byChance(settings.sampleRate),
    }),
    // When nobody takes them, the oldest 2,048 wait and the rest is dropped: requests come first.
    spanProcessors: [
      new BatchSpanProcessor(reportFailures(exporter, logger), {
        maxQueueSize: 2_048,
        maxExportBatchSize: 512,
        scheduledDelayMillis: 1_000,
        exportTimeoutMillis: 2_500,
      }),
    ],
  });
  const tracer = provider.getTracer(settings.service, settings.version);

  return {
    start(parent) {
      const clock = startClock();
      // Named when its route is known.
      const options = { kind: SpanKind.SERVER, startTime: clock() };
      const span = tracer.startSpan('request', options, contextOf(parent));
      const { traceId, spanId, traceFlags } = span.spanContext();
      const started: Trace = {
        traceId,
        spanId,
        flags: traceFlags.toString(16).padStart(2, '0'),
        ...(parent?.state === undefined ? {} : { state: parent.state }),
      };
      return span.isRecording() ? { ...started, span: describe(span, clock) } : started;
    },
    // What can't be sent was logged by the exporter, and is no reason to end by an error.
    stop: () => provider.shutdown().catch(() => undefined),
  };

  function describe(span: Span, clock: () => number): RequestSpan {
    const inside = trace.setSpan(ROOT_CONTEXT, span);
    return {
      called({ operation, table, durationMs, outcome, retries, consumedCapacity }) {
        const now = clock();
        const call = tracer.startSpan(
          `DynamoDB.${operation}`,
          {
            kind: SpanKind.CLIENT,
            startTime: now - durationMs,
            attributes: {
              'rpc.system': 'aws-api',
              'rpc.service': 'DynamoDB',
              'rpc.method': operation,
              'db.system.name': 'aws.dynamodb',
              'db.operation.name': operation,
              'aws.dynamodb.table_names': [table],
              'aws.dynamodb.consumed_capacity_units': consumedCapacity,
              'aws.retries': retries,
            },
          },
          inside,
        );
        // A condition that doesn't hold is an answer.
        if (outcome !== 'ok' && outcome !== 'condition-failed') {
          call.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', outcome);
        }
        call.end(now);
      },
      ended({ method, route, status, errorType }) {
        span.updateName(`${method} ${route}`).setAttributes({
          'http.request.method': method,
          'http.route': route,
          ...(status === undefined ? {} : { 'http.response.status_code': status }),
          ...(errorType === undefined ? {} : { 'error.type': errorType }),
        });
        if (status === undefined || status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
        span.end(clock());
      },
    };
  }
}

/** Milliseconds since 1970 that go on evenly within one request, whatever happens to the system's clock. */
function startClock(): () => number {
  const offset = Date.now() - performance.now();
  return () => performance.now() + offset;
}

function contextOf(parent: Parent | undefined): Context {
  if (parent === undefined) return ROOT_CONTEXT;
  const { traceId, spanId, flags, state } = parent;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & sampled,
    isRemote: true,
    ...(state === undefined ? {} : { traceState: createTraceState(state) }),
  });
}

/**
 * Anybody can send a `traceparent`, with a flag and an id of their choice: neither decides what we pay for, nor what leaves no
 * trace.
 */
const byChance = (rate: number): Sampler => ({
  shouldSample: () => ({
    decision: Math.random() < rate ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD,
  }),
  toString: () => `ByChance{${rate}}`,
});

/** The exporter, saying when it starts to fail and when it works again: once each, not once per batch. */
function reportFailures(exporter: SpanExporter, logger: Logger): SpanExporter {
  let isFailing = false;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const fails = result.error !== undefined;
        if (fails && !isFailing) logger.warn({ err: result.error }, 'traces are not exported');
        if (!fails && isFailing) logger.info('traces are exported again');
        isFailing = fails;
        done(result);
      });
    },
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
    shutdown: () => exporter.shutdown(),
  };
}
