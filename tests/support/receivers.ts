import { createServer, type IncomingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { closeServer, listenOnLoopback } from '../../app/src/local/listen.ts';

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
