import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import { closeServer, listenOnLoopback } from '../../app/src/local/listen.ts';
import { type Movie, movieAddress } from '../../app/src/movies/movie.ts';
import type { Objective, Slo } from '../../tools/lib/objectives.ts';
import { type Outcome, startLoad } from '../../tools/sandbox/deployment/load.ts';
import { figuresOf, isFailed } from '../sandbox/drill/figures.ts';
import { eventually } from '../support/eventually.ts';
import { ask, type Reached } from './probe.ts';

export interface BoundedLoad {
  readonly ratePerSecond: number;
  /** Together; then it ends. */
  readonly requests: number;
  /** Longest wait for one answer. */
  readonly timeoutMs: number;
  /** When it is given up, whatever was answered. */
  readonly longestMs: number;
}

/** A minute of reads. The firewall takes 2,000 requests of one address in five minutes; the probes need some of them. */
export const shortLoad: BoundedLoad = {
  ratePerSecond: 20,
  requests: 1_200,
  timeoutMs: 5_000,
  longestMs: 120_000,
};

/** Reads of what is there, by list, by year and one by one. Resolves with the fate of each, when all are known. */
export async function bearLoad(
  deployment: Reached,
  { ratePerSecond, requests, timeoutMs, longestMs }: BoundedLoad,
): Promise<readonly Outcome[]> {
  const paths = ['/movies?limit=20', '/movies?year=1994&sort=rating', ...(await findMovies(deployment))];
  const load = startLoad({
    url: deployment.url,
    ratePerSecond,
    path: (n) => paths[n % paths.length] ?? '/movies',
    headers: { authorization: `Bearer ${await deployment.token('movies/read')}` },
    timeoutMs,
    maxRequests: requests,
  });
  try {
    await eventually(
      () => {
        const { length: answered } = load.outcomes;
        if (answered < requests) throw new Error(`${answered} of ${requests} requests have an end`);
      },
      { deadlineMs: longestMs - timeoutMs, everyMs: 500 },
    );
  } finally {
    await load.stop();
  }
  return load.outcomes;
}

/** One line for the log of the step. */
export function describeLoad(outcomes: readonly Outcome[]): string {
  const { requests, failed, failures, p50, p99, longest } = figuresOf(outcomes);
  const inMs = Object.entries({ p50, p99, longest }).map(([name, ms]) => `${name} ${ms.toFixed(0)}`);
  return `${requests} reads, ${failed} failed ${JSON.stringify(failures)}; ms: ${inMs.join(', ')}`;
}

async function findMovies(deployment: Reached): Promise<readonly string[]> {
  const { status, json } = await ask(deployment, '/movies?limit=20', { scope: 'movies/read' });
  if (status !== 200) throw new Error(`/movies answers ${status}: there is no use in load`);
  const { movies } = json as { movies: readonly Movie[] };
  return movies.map(movieAddress);
}

/** Objectives for what the load does, by name. */
export const readObjectives = ({ objectives }: Slo): readonly (readonly [string, Objective])[] =>
  Object.entries(objectives).filter(([, { methods }]) => methods.includes('GET'));

/** In percent. A refused read is no good answer either: what is asked for is there, and the token is good. */
export function shareOfGood(
  outcomes: readonly Outcome[],
  { bound_ms: boundMs = Infinity }: Objective,
): number {
  const good = outcomes.filter((outcome) => !isFailed(outcome) && outcome.tookMs <= boundMs);
  return (100 * good.length) / outcomes.length;
}

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
