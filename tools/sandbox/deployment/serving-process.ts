import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Problem } from '../../../app/src/commands/problem.ts';
import type { Outputs } from './applied.ts';
import type { RunnerKind } from './overrides.ts';

const program = fileURLToPath(new URL('main.ts', import.meta.url));
const project = fileURLToPath(new URL('../../..', import.meta.url));
const readyWithinMs = 90_000;
/** Drain and stop timeout of the tasks, and some more. */
const stoppedWithinMs = 75_000;

/** The process that runs tasks and balancer. It outlives the command that started it. */
export interface ServingRecord {
  readonly pid: number;
  /** Address of the control server. */
  readonly control: string;
  readonly url: string;
  readonly emulator: string;
  /** DYNAMODB_ENDPOINT of the tasks. */
  readonly database: string;
  readonly runner: RunnerKind;
  readonly differences: readonly string[];
}

export interface ServingStart {
  readonly emulator: string;
  readonly runner: RunnerKind;
  readonly port: number;
}

export interface ServingHome {
  /** What runs, if it runs. */
  readonly find: () => Promise<ServingRecord | undefined>;
  readonly start: (start: ServingStart) => Promise<ServingRecord>;
  /** Keeps what was applied last: what probes take for intended, whatever runs. */
  readonly intend: (outputs: Outputs) => Promise<void>;
  /** Resolves when everything that it ran is gone. */
  readonly stop: () => Promise<void>;
}

/** Keeps record, log and outputs of the serving process in a folder. */
export function createServingHome(home: string): ServingHome {
  const record = join(home, 'serving.json');
  const log = join(home, 'serving.log');

  const find = async (): Promise<ServingRecord | undefined> => {
    const text = await readFile(record, 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    const known = JSON.parse(text) as ServingRecord;
    // A process id alone may since belong to another program.
    return (await fetch(`${known.control}/state`).then(
      (response) => response.ok,
      () => false,
    ))
      ? known
      : undefined;
  };

  return {
    find,
    intend: async (outputs) => {
      await mkdir(home, { recursive: true });
      await writeFile(join(home, 'outputs.json'), JSON.stringify(outputs, null, 2));
    },
    start: async ({ emulator, runner, port }) => {
      await rm(record, { force: true });
      const output = await open(log, 'w');
      const options = ['--home', home, '--emulator', emulator, '--runner', runner, '--port', String(port)];
      const child = spawn(process.execPath, [program, 'serve', ...options], {
        cwd: project,
        detached: true,
        stdio: ['ignore', output.fd, output.fd],
      });
      await once(child, 'spawn');
      child.unref();
      await output.close();
      const deadline = Date.now() + readyWithinMs;
      for (let found = await find(); ; found = await find()) {
        if (found) return found;
        if (child.exitCode !== null || Date.now() > deadline)
          throw new Problem(`The tasks can't be run:\n${await readFile(log, 'utf8')}`, `See ${log}.`);
        await pause(200);
      }
    },
    stop: async () => {
      const running = await find();
      if (running) process.kill(running.pid, 'SIGTERM');
      const deadline = Date.now() + stoppedWithinMs;
      while ((await find()) && Date.now() < deadline) await pause(200);
      while (running && isAlive(running.pid) && Date.now() < deadline) await pause(200);
      await rm(record, { force: true });
    },
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
