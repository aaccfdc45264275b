import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { runForJson, runScript } from './run-script.ts';

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly p99Ms: number;
  readonly failed: number;
}

export interface LoadRequest {
  readonly url: string;
  /** One path per line, requested in turn. */
  readonly pathsFile: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly seconds: number;
  /** As fast as they are answered when absent; otherwise so many, whatever the answers do. */
  readonly perSecond?: number;
}

export interface LoadGenerator {
  readonly name: string;
  /** Rejects when a single answer is missing or not 2xx: what failed is not worth measuring. */
  readonly run: (request: LoadRequest) => Promise<LoadResult>;
}

/** A closed loop: each waits for its answer and asks again at once. */
const inLoop = 32;
/**
 * At a constant rate: each pauses between an answer and its next request for a random time (exponential), which makes
 * arrivals of so many those of independent callers. The pauses are long beside the answers, so a slow answer delays
 * one request of hundreds, and a stall is felt by all who would have come meanwhile.
 */
const independent = 512;
const connectionsFor = ({ perSecond }: LoadRequest) => (perSecond === undefined ? inLoop : independent);
const keysScript = fileURLToPath(new URL('keys.lua', import.meta.url));

/**
 * wrk where it is installed, as it outruns every server here; autocannon otherwise, which does not outrun all of them.
 * @param node the pinned Node.js on the load's core
 * @param portable autocannon in any case, which every machine has
 */
export function createLoadGenerator(
  node: readonly string[],
  prefix: readonly string[],
  portable: boolean,
): LoadGenerator {
  return !portable && hasWrk() ? wrk(prefix) : autocannon(node);
}

function hasWrk(): boolean {
  try {
    execFileSync('sh', ['-c', 'command -v wrk'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const wrk = (prefix: readonly string[]): LoadGenerator => ({
  name: 'wrk',
  run: async (request) => {
    const { url, pathsFile, headers, seconds, perSecond } = request;
    const connections = connectionsFor(request);
    const pauseMs = perSecond === undefined ? [] : [String((connections * 1_000) / perSecond)];
    return checked(
      await runForJson([
        ...prefix,
        ...['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '-s', keysScript],
        ...Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
        ...[url, '--', pathsFile, ...pauseMs],
      ]),
    );
  },
});

const autocannon = (node: readonly string[]): LoadGenerator => ({
  name: 'autocannon',
  run: async (request) =>
    checked(await runScript(node, 'autocannon.ts', { ...request, connections: connectionsFor(request) })),
});

function checked(answer: unknown): LoadResult {
  // Our own scripts print it.
  const result = answer as LoadResult;
  if (result.failed === 0 && result.requests > 0) return result;
  throw new Error(`${result.failed} of ${result.requests} requests failed under load.`);
}
