import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Problem } from '../../../app/src/commands/problem.ts';
import { pythonEnvironment } from '../../install/python/environment.ts';
import type { Outputs } from './applied.ts';
import type { RunnerKind } from './runners.ts';

const project = resolve(import.meta.dirname, '../../..');
/** A bound on a hang: what may have to be installed before is installed before. */
const readyWithinMs = 120_000;
/** Drain and stop timeout of the tasks, and some more. */
const stoppedWithinMs = 150_000;
const lookMs = 200;

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

export interface Means {
  readonly now: () => number;
  /** Installs what the emulator consists of, as long as that takes. */
  readonly install: () => Promise<unknown>;
}

/** Keeps process id, address and log of the emulator in a folder. */
export function createEmulatorHome(
  folder: string,
  { now, install }: Means = { now: Date.now, install: () => pythonEnvironment('moto', console.error) },
): EmulatorHome {
  const [record, log] = [join(folder, 'emulator.json'), join(folder, 'emulator.log')];
  const find = async (): Promise<EmulatorProcess | undefined> => {
    const known = await readRecord<EmulatorProcess>(record);
    return known && (await pidAt(known.url)) === known.pid ? known : undefined;
  };
  return {
    find,
    start: async () => {
      await mkdir(folder, { recursive: true });
      await install();
      const args = ['tools/sandbox/run-emulator.ts', '--port', '0', '--record', record];
      return startProcess({ args, record, log, find, now, failure: 'The emulator did not start' });
    },
    stop: async ({ pid, url }) => {
      if ((await pidAt(url)) === pid) process.kill(pid, 'SIGTERM');
      const deadline = now() + stoppedWithinMs;
      while ((await pidAt(url)) !== undefined && now() < deadline) await pause(lookMs);
      await rm(record, { force: true });
    },
  };
}

/** Who answers there. A process id alone may since belong to another program. */
const pidAt = (url: string): Promise<number | undefined> =>
  fetch(`${url}/_emulator/health`, { signal: AbortSignal.timeout(5_000) })
    .then(async (response) => ((await response.json()) as { pid: number }).pid)
    .catch(() => undefined);

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

export interface ServingHome {
  /** What runs, if it runs. */
  readonly find: () => Promise<ServingRecord | undefined>;
  readonly start: (
    start: Pick<ServingRecord, 'emulator' | 'runner'> & { port: number },
  ) => Promise<ServingRecord>;
  /** Keeps what was applied last: what probes take for intended, whatever runs. */
  readonly intend: (outputs: Outputs) => Promise<void>;
  /** Resolves when everything that it ran is gone. */
  readonly stop: () => Promise<void>;
}

/** Keeps record, log and outputs of the serving process in a folder. */
export function createServingHome(home: string): ServingHome {
  const [record, log] = [join(home, 'serving.json'), join(home, 'serving.log')];
  const find = async (): Promise<ServingRecord | undefined> => {
    const known = await readRecord<ServingRecord>(record);
    const answers =
      known &&
      (await fetch(`${known.control}/state`).then(
        ({ ok }) => ok,
        () => false,
      ));
    return answers ? known : undefined;
  };
  return {
    find,
    intend: async (outputs) => {
      await mkdir(home, { recursive: true });
      await writeFile(join(home, 'outputs.json'), JSON.stringify(outputs, null, 2));
    },
    start: ({ emulator, runner, port }) => {
      const options = ['--emulator', emulator, '--runner', runner, '--port', String(port)];
      const args = ['tools/sandbox/deployment/main.ts', '--home', home, 'serve', ...options];
      return startProcess({ args, record, log, find, now: Date.now, failure: "The tasks can't be run" });
    },
    stop: async () => {
      const running = await find();
      if (running) process.kill(running.pid, 'SIGTERM');
      const deadline = Date.now() + stoppedWithinMs;
      while (running && isAlive(running.pid) && Date.now() < deadline) await pause(lookMs);
      await rm(record, { force: true });
    },
  };
}

const readRecord = async <T>(file: string): Promise<T | undefined> => {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as T);
};

/** Starts a program that goes on after this one, and waits until it is found by its record. */
async function startProcess<Found>({
  args,
  record,
  log,
  find,
  now,
  failure,
}: {
  readonly args: readonly string[];
  readonly record: string;
  readonly log: string;
  readonly find: () => Promise<Found | undefined>;
  readonly now: () => number;
  readonly failure: string;
}): Promise<Found> {
  await rm(record, { force: true });
  const output = await open(log, 'w');
  const child = spawn(process.execPath, args, {
    cwd: project,
    detached: true,
    stdio: ['ignore', output.fd, output.fd],
  });
  await once(child, 'spawn');
  child.unref();
  await output.close();
  const deadline = now() + readyWithinMs;
  for (let found = await find(); ; found = await find()) {
    if (found) return found;
    if (child.exitCode !== null || now() > deadline) {
      child.kill('SIGTERM');
      throw new Problem(`${failure}:\n${await readFile(log, 'utf8')}`, `See ${log}.`);
    }
    await pause(lookMs);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
