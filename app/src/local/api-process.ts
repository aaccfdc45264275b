import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Problem } from '../commands/problem.ts';
import { shownPath } from '../commands/terminal.ts';

const projectRoot = fileURLToPath(new URL('../../../', import.meta.url));
const startTimeoutMs = 30_000;
const stopTimeoutMs = 25_000;

export interface ApiProcess {
  /** Rejects with a `Problem` when the process ends before, or isn't ready in 30 s. */
  ready(): Promise<void>;
  /** Resolves with the reason when the process ends. */
  readonly died: Promise<Problem>;
  /** SIGTERM, as a container gets it; SIGKILL when that doesn't help in 25 s. */
  stop(): Promise<void>;
}

export interface ApiProcessOptions {
  readonly url: string;
  /** What a deployment would set as environment variables. */
  readonly settings: Readonly<Record<string, string>>;
  readonly logFile: string;
}

/** Starts the API as the process that a container would run, with its log in a file. */
export function startApiProcess({ url, settings, logFile }: ApiProcessOptions): ApiProcess {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'w');
  const child = spawn(process.execPath, ['app/src/main.ts'], {
    cwd: projectRoot,
    env: { ...process.env, ...settings },
    stdio: ['ignore', log, log],
    // Its own process group: Ctrl-C reaches this process only, which then stops the API in its turn.
    detached: true,
  });
  closeSync(log);

  const ended = once(child, 'exit');
  const isAlive = () => child.exitCode === null && child.signalCode === null;
  const problem = (what: string) => {
    const lastLines = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-5).join('\n');
    return new Problem(
      `the API ${what}. The end of its log:\n${lastLines}`,
      `its whole log is ${shownPath(logFile)}`,
    );
  };

  async function waitUntilReady(): Promise<void> {
    const deadline = Date.now() + startTimeoutMs;
    while (isAlive() && Date.now() < deadline) {
      const status = await fetch(`${url}/readyz`).then(
        (response) => response.status,
        () => undefined,
      );
      if (status === 200) return;
      await pause(50);
    }
    throw problem(isAlive() ? `is not ready after ${startTimeoutMs / 1000} s` : 'stopped while it started');
  }

  return {
    ready: waitUntilReady,
    died: ended.then(([code, signal]) => problem(`stopped (${String(code ?? signal)})`)),
    stop: async () => {
      if (!isAlive()) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
      await ended;
      clearTimeout(timer);
    },
  };
}
