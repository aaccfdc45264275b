import { createServer, request, type IncomingHttpHeaders } from 'node:http';
import { closeServer, listenOnLoopback } from '../../app/src/local/listen.ts';

export interface Passed {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Where it goes instead of the deployment. */
  readonly target?: string;
}

/** A way in front of a real deployment that does one thing wrong: what a probe of the edge has to notice. */
export async function startLyingEdge(
  url: string,
  lie: (request: Passed) => Passed,
): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> {
  const server = createServer((incoming, response) => {
    const { method = 'GET', url: path = '/', headers } = incoming;
    const passed = lie({ method, path, headers });
    const isSame = passed.method === method;
    // What another method asks for has no body.
    const kept = isSame ? passed.headers : without(passed.headers, 'content-length', 'transfer-encoding');
    const outgoing = request(
      `${new URL(passed.target ?? url).origin}${passed.path}`,
      { method: passed.method, headers: kept },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    outgoing.on('error', () => response.destroy());
    if (isSame) incoming.pipe(outgoing);
    else outgoing.end();
  });
  const listening = await listenOnLoopback(server, 0);
  return { url: listening.url, stop: () => closeServer(server) };
}

export const without = (headers: IncomingHttpHeaders, ...names: readonly string[]): IncomingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));
