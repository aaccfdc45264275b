import { get } from 'node:http';

/**
 * The container's health check: exit 0 when `/healthz` on the port of its metrics answers 200 within 2 s, else 1 with the
 * reason. The public `/healthz` is the load balancer's, and says 503 while the service drains. A program of its own because the image has neither shell nor curl; only `node:http`, because it starts
 * every few seconds.
 */
const timeoutMs = 2_000;
const port = process.env['METRICS_PORT'] ?? '9464';

function fail(reason: string): never {
  process.stderr.write(`unhealthy: ${reason}\n`);
  process.exit(1);
}

get({ host: '127.0.0.1', port, path: '/healthz', timeout: timeoutMs, agent: false }, ({ statusCode }) => {
  if (statusCode !== 200) fail(`/healthz answered ${String(statusCode)}`);
  process.exit(0);
})
  .on('timeout', () => fail(`/healthz did not answer in ${timeoutMs} ms`))
  .on('error', ({ message }) => fail(message));
