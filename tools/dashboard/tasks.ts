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

interface StartingTask extends Task {
  /** Rejects when it has ended, or is not ready in time. */
  readonly isReady: () => Promise<void>;
}

const readyWithinMs = 30_000;

/** The tasks of a small service: each the production bundle as a process, found by Prometheus over HTTP. */
export interface Tasks {
  readonly targets: URL;
  readonly running: () => readonly Task[];
  /** Resolves when it answers; rejects when it does not, and leaves nothing of it. */
  readonly start: () => Promise<void>;
  /** The oldest one, as a deployment stops it. */
  readonly stopOldest: () => Promise<void>;
  /** All of them, those that are about to start too. */
  readonly stop: () => Promise<void>;
}

export async function createTasks(
  script: string,
  env: Readonly<Record<string, string>>,
  withinMs = readyWithinMs,
): Promise<Tasks> {
  let running: readonly Task[] = [];
  const starting = new Set<Task>();
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
      const task = await spawnTask(script, env, withinMs);
      starting.add(task);
      try {
        await task.isReady();
        running = [...running, task];
      } catch (error) {
        await task.stop();
        throw error;
      } finally {
        starting.delete(task);
      }
    },
    stopOldest,
    stop: async () => {
      for (const task of starting) await task.stop();
      while (running.length > 0) await stopOldest();
      await closeServer(discovery);
    },
  };
}

async function spawnTask(
  script: string,
  env: Readonly<Record<string, string>>,
  withinMs: number,
): Promise<StartingTask> {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const child = spawn(process.execPath, [script], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: process.env['PATH'], ...env, PORT: String(port), METRICS_PORT: String(metricsPort) },
  });
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    metrics: `127.0.0.1:${metricsPort}`,
    isReady: async () => {
      const deadline = Date.now() + withinMs;
      while (!(await isHealthy(url, deadline - Date.now()))) {
        if (hasEnded(child)) throw new Error(`a task ended with code ${child.exitCode}`);
        if (Date.now() > deadline) throw new Error(`a task was not ready in ${withinMs / 1_000} s`);
        await pause(50);
      }
    },
    stop: async () => {
      if (hasEnded(child)) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;

const isHealthy = async (url: string, withinMs: number): Promise<boolean> => {
  const signal = AbortSignal.timeout(Math.max(1, withinMs));
  return (await fetch(`${url}/healthz`, { signal }).catch(() => undefined))?.ok ?? false;
};
