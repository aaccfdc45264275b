import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

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
}

export interface LoadGenerator {
  readonly name: string;
  /** Rejects when a single answer is missing or not 2xx: what failed is not worth measuring. */
  readonly run: (request: LoadRequest) => Promise<LoadResult>;
}

/** Connections that wait for their answer before they ask again. */
export const connections = 32;

const execute = promisify(execFile);
const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** wrk where it is installed, as it outruns every server here; autocannon otherwise, which does not outrun all. */
export function createLoadGenerator(node: string, prefix: readonly string[]): LoadGenerator {
  return hasWrk() ? wrk(prefix) : autocannon(node, prefix);
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
  run: ({ url, pathsFile, headers, seconds }) =>
    runAndRead([
      ...prefix,
      ...['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '-s', script('keys.lua')],
      ...Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
      ...[url, '--', pathsFile],
    ]),
});

const autocannon = (node: string, prefix: readonly string[]): LoadGenerator => ({
  name: 'autocannon',
  run: (request) =>
    runAndRead([...prefix, node, script('autocannon.ts'), JSON.stringify({ ...request, connections })]),
});

async function runAndRead([program = '', ...args]: readonly string[]): Promise<LoadResult> {
  const { stdout } = await execute(program, args);
  const result = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as LoadResult;
  if (result.failed > 0 || result.requests === 0) {
    throw new Error(`${result.failed} of ${result.requests} requests failed under load: ${stdout}`);
  }
  return result;
}
