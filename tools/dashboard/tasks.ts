import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { closeServer, freePort, listenOnLoopback } from '../../app/src/local/listen.ts';

export interface Task {
  readonly url: string;
  readonly metrics: string;
  readonly stop: () => Promise<void>;
}

/** The tasks of a small service: each the production bundle as a process, found by Prometheus over HTTP. */
export interface Tasks {
  readonly targets: URL;
  readonly running: () => readonly Task[];
  readonly start: () => Promise<void>;
  /** The oldest one, as a deployment stops it. */
  readonly stopOldest: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export async function createTasks(script: string, env: Readonly<Record<string, string>>): Promise<Tasks> {
  let running: readonly Task[] = [];
  const discovery = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify([{ targets: running.map(({ metrics }) => metrics), labels: {} }]));
  });
  const { url } = await listenOnLoopback(discovery, 0);
  const stopOldest = async (): Promise<void> => {
    const [oldest, ...others] = running;
    running = others;
    await oldest?.stop();
  };
  return {
    targets: new URL(url),
    running: () => running,
    start: async () => {
      running = [...running, await startTask(script, env)];
    },
    stopOldest,
    stop: async () => {
      while (running.length > 0) await stopOldest();
      await closeServer(discovery);
    },
  };
}

async function startTask(script: string, env: Readonly<Record<string, string>>): Promise<Task> {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const child = spawn(process.execPath, [script], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: process.env['PATH'], ...env, PORT: String(port), METRICS_PORT: String(metricsPort) },
  });
  const url = `http://127.0.0.1:${port}`;
  while (!(await isReady(url))) {
    if (hasEnded(child)) throw new Error(`a task ended with code ${child.exitCode}`);
    await pause(50);
  }
  return {
    url,
    metrics: `127.0.0.1:${metricsPort}`,
    stop: async () => {
      if (hasEnded(child)) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;

const isReady = async (url: string): Promise<boolean> =>
  (await fetch(`${url}/healthz`).catch(() => undefined))?.ok ?? false;
