import { createServer, type IncomingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';
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
