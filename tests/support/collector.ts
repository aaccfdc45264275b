import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { parseDocument } from 'yaml';
import { closeServer, listenOnLoopback } from '../../app/src/local/listen.ts';
import { eventually, fatal } from './eventually.ts';
import type { Requirement } from './requirements.ts';

export const collectorProgram = resolve('.cache/bin/collector');
export const collectorConfig = resolve('app/collector/config.yaml');

export const collector: Requirement = {
  name: 'the collector',
  missing: () =>
    existsSync(collectorProgram)
      ? undefined
      : 'build it with `make .cache/bin/collector` (takes Go and minutes)',
};

/** What the task definition and the task's role give it. */
export const collectorSettings = {
  REGION: 'eu-west-1',
  PROMETHEUS_REMOTE_WRITE_URL:
    'https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws/api/v1/remote_write',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_EC2_METADATA_DISABLED: 'true',
};

/** The real collector with the real configuration, but for addresses: of the service under test, and of what stands in for AWS. */
export async function startCollector({
  otlpPort,
  metricsPort,
  awsUrl,
}: {
  readonly otlpPort: number;
  readonly metricsPort: number;
  readonly awsUrl: string;
}): Promise<{ readonly stop: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'collector-'));
  const config = parseDocument(await readFile(collectorConfig, 'utf8'));
  config.setIn(['receivers', 'otlp', 'protocols', 'http', 'endpoint'], `127.0.0.1:${otlpPort}`);
  const scrape = ['receivers', 'prometheus', 'config', 'scrape_configs', 0];
  config.setIn([...scrape, 'static_configs', 0, 'targets'], [`127.0.0.1:${metricsPort}`]);
  config.setIn([...scrape, 'scrape_interval'], '1s');
  config.setIn([...scrape, 'scrape_timeout'], '1s');
  config.setIn(['processors', 'batch', 'timeout'], '200ms');
  config.setIn(['exporters', 'awsxray', 'endpoint'], awsUrl);
  await writeFile(join(folder, 'config.yaml'), String(config));
  const running = spawn(collectorProgram, ['--config', join(folder, 'config.yaml')], {
    env: {
      ...collectorSettings,
      PROMETHEUS_REMOTE_WRITE_URL: `${awsUrl}/workspaces/ws/api/v1/remote_write`,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await eventually(async () => {
    // Somebody else may have been faster to take the port, and answer on it.
    if (running.exitCode !== null) throw fatal(`the collector ended with code ${running.exitCode}`);
    return fetch(`http://127.0.0.1:${otlpPort}/`);
  });
  return {
    stop: async () => {
      if (running.kill('SIGTERM')) await once(running, 'exit');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface AwsIngestion {
  readonly url: string;
  readonly received: readonly Received[];
  readonly stop: () => Promise<void>;
}

/**
 * In place of X-Ray, which has no engine to run here, and in front of a Prometheus as Amazon Managed Prometheus is: takes
 * what is sent and keeps it.
 *
 * @param prometheusUrl where remote writes go on to; without it they are only kept
 */
export async function startAwsIngestion(prometheusUrl?: string): Promise<AwsIngestion> {
  const received: Received[] = [];
  const passOn = async (to: string, { headers, body }: Received): Promise<Response> =>
    fetch(`${to}/api/v1/write`, {
      method: 'POST',
      headers: Object.fromEntries(
        ['content-type', 'content-encoding', 'x-prometheus-remote-write-version'].map((name) => [
          name,
          String(headers[name]),
        ]),
      ),
      body: new Uint8Array(body),
    });
  const server = createServer((request, response) => {
    void buffer(request).then(async (body) => {
      const { url: path = '', headers } = request;
      const taken = { path, headers, body };
      received.push(taken);
      if (prometheusUrl === undefined || !path.endsWith('/remote_write')) {
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end('{"UnprocessedTraceSegments":[]}');
        return;
      }
      const answer = await passOn(prometheusUrl, taken);
      response.writeHead(answer.status).end(await answer.text());
    });
  });
  const { url } = await listenOnLoopback(server, 0);
  return { url, received, stop: () => closeServer(server) };
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto, as JSON */
interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly Span[] }[];
  }[];
}

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly status: { readonly code: number };
}

export interface ReceivedSpan extends Omit<Span, 'attributes'> {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
}

export interface OtlpReceiver {
  readonly endpoint: string;
  readonly spans: readonly ReceivedSpan[];
  /** Everything that arrived, as text. */
  readonly raw: readonly string[];
  stop(): Promise<void>;
}

/** An OTLP receiver over HTTP, for traces in JSON. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const raw: string[] = [];
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString();
      raw.push(text);
      for (const { resource, scopeSpans } of (JSON.parse(text) as Export).resourceSpans) {
        const about = read(resource.attributes);
        for (const span of scopeSpans.flatMap((scope) => scope.spans)) {
          spans.push({ ...span, attributes: read(span.attributes), resource: about });
        }
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  const { url } = await listenOnLoopback(server, 0);
  return { endpoint: url, spans, raw, stop: () => closeServer(server) };
}

const read = (attributes: readonly Attribute[]): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
