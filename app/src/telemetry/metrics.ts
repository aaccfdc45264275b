import { createServer, type Server } from 'node:http';
import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  type OpenMetricsContentType,
  Registry,
} from 'prom-client';
import type { DynamoCall } from '../dynamo/calls.ts';
import type { ReadSource } from '../movies/movie-cache.ts';

export interface RequestObservation {
  /** A template out of a fixed set, never an address. */
  readonly route: string;
  readonly method: string;
  /** Absent when the client went away before its answer. */
  readonly status?: number;
  readonly durationMs: number;
  /** Of a trace that was exported: an example of a request that took that long. */
  readonly exportedTraceId?: string;
}

export interface Metrics {
  readonly registry: Registry<OpenMetricsContentType>;
  requestStarted(): void;
  requestEnded(observation: RequestObservation): void;
  requestShed(): void;
  readonly movieRead: (source: ReadSource) => void;
  dynamoCalled(call: DynamoCall): void;
}

/** A label is a word out of a list, so that nobody can grow the metrics by what they send. */
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createMetrics(): Metrics {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  // Process, memory, garbage collection and event-loop lag.
  collectDefaultMetrics({ register: registry });
  // Gauges that are named as if they were counters; the same is counted by type under the name without _total.
  for (const misnamed of ['handles', 'requests', 'resources']) {
    registry.removeSingleMetric(`nodejs_active_${misnamed}_total`);
  }
  const registers = [registry];

  // The trace's id is a label of examples only.
  const duration = new Histogram<'route' | 'method' | 'status_class' | 'trace_id'>({
    name: 'http_request_duration_seconds',
    help: 'From the first byte of a request to the last of its answer',
    labelNames: ['route', 'method', 'status_class'],
    buckets: seconds,
    enableExemplars: true,
    registers,
  });
  const inFlight = new Gauge({
    name: 'http_requests_in_flight',
    help: 'Requests that are being answered now',
    registers,
  });
  const shed = new Counter({
    name: 'http_requests_shed_total',
    help: 'Requests refused because too many were in flight',
    registers,
  });
  const reads = new Counter({
    name: 'movie_reads_total',
    help: 'Movies asked for by address, by where the answer came from',
    labelNames: ['source'],
    registers,
  });
  const readsFrom = {
    memory: reads.labels('memory'),
    shared: reads.labels('shared'),
    table: reads.labels('table'),
  };
  const callDuration = new Histogram({
    name: 'dynamodb_call_duration_seconds',
    help: 'Calls of the database, waiting and retries included',
    labelNames: ['operation', 'outcome'],
    buckets: seconds,
    registers,
  });
  const retries = new Counter({
    name: 'dynamodb_retries_total',
    help: 'Attempts after the first',
    labelNames: ['operation'],
    registers,
  });
  const capacity = new Counter({
    name: 'dynamodb_consumed_capacity_units_total',
    help: 'Read or write units that the database charged',
    labelNames: ['operation'],
    registers,
  });

  return {
    registry,
    requestStarted: () => {
      inFlight.inc();
    },
    requestEnded: ({ route, method, status, durationMs, exportedTraceId }) => {
      inFlight.dec();
      const labels = {
        route,
        method: methods.has(method) ? method : 'OTHER',
        status_class: status === undefined ? 'aborted' : `${Math.floor(status / 100)}xx`,
      };
      duration.observe({
        labels,
        value: durationMs / 1_000,
        ...(exportedTraceId === undefined ? {} : { exemplarLabels: { trace_id: exportedTraceId } }),
      });
    },
    requestShed: () => {
      shed.inc();
    },
    movieRead: (source) => {
      readsFrom[source].inc();
    },
    dynamoCalled: ({ operation, outcome, durationMs, retries: again, consumedCapacity }) => {
      callDuration.observe({ operation, outcome }, durationMs / 1_000);
      retries.inc({ operation }, again);
      capacity.inc({ operation }, consumedCapacity);
    },
  };
}

const prometheusText = Registry.PROMETHEUS_CONTENT_TYPE;

/**
 * On a port that the load balancer doesn't know: `GET /metrics` for a scraper, and `GET /healthz` for the container's own
 * check, which must not end a task that drains.
 */
export function createMetricsServer(registry: Metrics['registry']): Server {
  return createServer((request, response) => {
    // Scrapers add parameters of their configuration, or a slash.
    const path = request.url?.replace(/\?.*$/s, '').replace(/\/$/, '');
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (path === '/healthz' && isRead) {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok"}');
      return;
    }
    if (path !== '/metrics' || !isRead) {
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('GET /metrics\n');
      return;
    }
    const isOpen = asksForOpenMetrics(request.headers.accept);
    registry.metrics().then(
      (text) =>
        response
          .writeHead(200, { 'content-type': isOpen ? registry.contentType : prometheusText })
          .end(isOpen ? text : toPrometheusText(text)),
      () => response.writeHead(500).end(),
    );
  });
}

/** Exemplars exist in OpenMetrics only; who doesn't ask for it gets Prometheus's older format, which has none. */
const asksForOpenMetrics = (accept: string | undefined): boolean =>
  accept?.includes('application/openmetrics-text') ?? false;

/**
 * OpenMetrics text as Prometheus's text format 0.0.4: the same samples without exemplars, and counters declared under the
 * name that their samples have.
 */
function toPrometheusText(openMetrics: string): string {
  const counters = new Set([...openMetrics.matchAll(/^# TYPE (\S+) counter$/gm)].map(([, name]) => name));
  return openMetrics
    .replace(/^# EOF\n/m, '')
    .replace(/^# (HELP|TYPE) (\S+) /gm, (line, keyword: string, name: string) =>
      counters.has(name) ? `# ${keyword} ${name}_total ` : line,
    )
    .replace(/^([^#].*?) # \{.*$/gm, '$1');
}
