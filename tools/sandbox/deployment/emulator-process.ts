import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Problem } from '../../../app/src/commands/problem.ts';

/** The first start may have to install moto. */
const readyWithinMs = 300_000;
const stoppedWithinMs = 20_000;
const program = fileURLToPath(new URL('../emulator/main.ts', import.meta.url));

/** The emulator that a local deployment lives in. It outlives the command that started it. */
export interface EmulatorProcess {
  readonly pid: number;
  readonly url: string;
}

export interface EmulatorHome {
  /** The running emulator, if it runs. */
  readonly find: () => Promise<EmulatorProcess | undefined>;
  /** Starts a new one: empty, on a free port. */
  readonly start: () => Promise<EmulatorProcess>;
  readonly stop: (emulator: EmulatorProcess) => Promise<void>;
}

/** Keeps process id, address and log of the emulator in a folder. */
export function createEmulatorHome(folder: string): EmulatorHome {
  const record = join(folder, 'emulator.json');
  const log = join(folder, 'emulator.log');

  const find = async (): Promise<EmulatorProcess | undefined> => {
    if (!existsSync(record)) return undefined;
    const known = JSON.parse(await readFile(record, 'utf8')) as EmulatorProcess;
    return (await pidAt(known.url)) === known.pid ? known : undefined;
  };

  return {
    find,
    start: async () => {
      await mkdir(folder, { recursive: true });
      await rm(record, { force: true });
      const output = await open(log, 'w');
      const child = spawn(process.execPath, [program, '--port', '0', '--record', record], {
        detached: true,
        stdio: ['ignore', output.fd, output.fd],
      });
      await once(child, 'spawn');
      child.unref();
      await output.close();
      const deadline = Date.now() + readyWithinMs;
      for (let found = await find(); ; found = await find()) {
        if (found) return found;
        if (child.exitCode !== null || Date.now() > deadline) {
          throw new Problem(`The emulator did not start:\n${await readFile(log, 'utf8')}`, `See ${log}.`);
        }
        await pause(200);
      }
    },
    stop: async ({ pid, url }) => {
      if ((await pidAt(url)) === pid) process.kill(pid, 'SIGTERM');
      const deadline = Date.now() + stoppedWithinMs;
      while ((await pidAt(url)) !== undefined && Date.now() < deadline) await pause(100);
      await rm(record, { force: true });
    },
  };
}

/** Who answers there. A process id alone may since belong to another program. */
async function pidAt(url: string): Promise<number | undefined> {
  try {
    const response = await fetch(`${url}/_emulator/health`, { signal: AbortSignal.timeout(5_000) });
    return ((await response.json()) as { pid: number }).pid;
  } catch {
    return undefined;
  }
}
