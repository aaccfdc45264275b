import { createServer, type Server } from 'node:http';
import { Registry } from 'prom-client';
import type { Metrics } from './metrics.ts';

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
export function toPrometheusText(openMetrics: string): string {
  const counters = new Set([...openMetrics.matchAll(/^# TYPE (\S+) counter$/gm)].map(([, name]) => name));
  return openMetrics
    .replace(/^# EOF\n/m, '')
    .replace(/^# (HELP|TYPE) (\S+) /gm, (line, keyword: string, name: string) =>
      counters.has(name) ? `# ${keyword} ${name}_total ` : line,
    )
    .replace(/^([^#].*?) # \{.*$/gm, '$1');
}
