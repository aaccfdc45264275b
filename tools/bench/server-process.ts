import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../app/src/local/listen.ts';
import type { Usage } from './probe.ts';

export interface Launch {
  /** The program and what comes before the script: `taskset -c 0 node`. */
  readonly command: readonly string[];
  readonly script: string;
  readonly env: Readonly<Record<string, string>>;
  /** Loaded before it. Without a probe the start is as fast as in production, but nothing can be asked. */
  readonly preloads: readonly string[];
}

export interface ServerProcess {
  readonly url: string;
  /** Milliseconds of `performance.now()` when the process was made. */
  readonly startedAt: number;
  /** What it has used so far. `watch` also begins to watch the event loop. */
  readonly usage: (question?: 'usage' | 'watch') => Promise<Usage>;
  /** Fulfilled when it says `ready`; few servers do. */
  readonly ready: Promise<unknown>;
  readonly stop: () => Promise<void>;
}

const answerTimeoutMs = 30_000;

/** Starts a server on a free port of this machine; what it logs goes to /dev/null, its complaints into errors. */
export async function startServer({ command, script, env, preloads }: Launch): Promise<ServerProcess> {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const [program = '', ...rest] = command;
  const args = [...rest, ...preloads.flatMap((preload) => ['--import', preload]), script];
  const startedAt = performance.now();
  const child = spawn(program, args, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { PATH: process.env['PATH'], ...env, PORT: String(port), METRICS_PORT: String(metricsPort) },
  });
  const complaints = collect(child);
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const exited = once(child, 'exit');
  const ready = new Promise((resolve) => child.once('message', resolve));

  return {
    url: `http://127.0.0.1:${port}`,
    startedAt,
    ready,
    usage: (question = 'usage') => ask(child, question, complaints),
    stop: async () => {
      process.removeListener('exit', kill);
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exited;
    },
  };
}

function collect(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (more: string) => {
    text = (text + more).slice(-2_000);
  });
  return () => text.trim();
}

async function ask(child: ChildProcess, question: string, complaints: () => string): Promise<Usage> {
  const signal = AbortSignal.timeout(answerTimeoutMs);
  child.send(question);
  try {
    const [usage] = (await once(child, 'message', { signal })) as [Usage];
    return usage;
  } catch (error) {
    throw new Error(`A measured server does not answer: ${complaints() || 'no message'}`, { cause: error });
  }
}

/** Waits until the address answers 200. Rejects with what it answered last. */
export async function waitForAnswer(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  pollMs = 10,
): Promise<string> {
  const deadline = performance.now() + answerTimeoutMs;
  for (;;) {
    const { status, body } = await answerOf(url, headers);
    if (status === 200) return body;
    if (performance.now() > deadline) {
      throw new Error(`${url} does not answer with 200 but ${status}: ${body.slice(0, 200)}`);
    }
    await delay(pollMs);
  }
}

/** Status 0 where nothing answers. */
async function answerOf(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<{ status: number; body: string }> {
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(5_000) });
    return { status: response.status, body: await response.text() };
  } catch (error) {
    return { status: 0, body: String(error) };
  }
}

/** Does something with a server and stops it in any case. */
export async function withServer<T>(
  starting: Promise<ServerProcess>,
  work: (server: ServerProcess) => Promise<T>,
): Promise<T> {
  const server = await starting;
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}
