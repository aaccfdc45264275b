import { createServer, type Server } from 'node:http';
import { Registry } from 'prom-client';
import type { Metrics } from './metrics.ts';
import { asksForOpenMetrics, toPrometheusText } from './exposition.ts';

const prometheusText = Registry.PROMETHEUS_CONTENT_TYPE;

/** `GET /metrics` for a scraper, on a port that the load balancer doesn't know. */
export function createMetricsServer(registry: Metrics['registry']): Server {
  return createServer((request, response) => {
    if (request.url !== '/metrics' || request.method !== 'GET') {
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
