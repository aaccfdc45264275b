import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const lockPatienceMs = 300_000;
const pins = (name: string): string => fileURLToPath(new URL(`${name}.txt`, import.meta.url));
const home = (name: string): string =>
  fileURLToPath(new URL(`../../../.cache/python/${name}/`, import.meta.url));

export interface PythonEnvironment {
  /** Absolute path of a program that the environment's packages brought, such as `moto_server`. */
  readonly program: (name: string) => string;
}

/**
 * A virtual environment with exactly what `tools/install/python/<name>.txt` pins, checksums enforced, under `.cache/python`.
 * Built on first use (seconds to a minute), rebuilt when the pins change, reused otherwise. Safe to call from several
 * processes at once. Rejects when python3 or a package can't be had.
 */
export async function pythonEnvironment(
  name: string,
  say: (line: string) => void = () => undefined,
): Promise<PythonEnvironment> {
  const folder = home(name);
  const wanted = await readFile(pins(name), 'utf8');
  if ((await built(folder)) !== wanted) {
    await alone(folder, async () => {
      if ((await built(folder)) === wanted) return;
      say(`installing the Python packages of ${name}, once`);
      await build(folder, name);
      await writeFile(stamp(folder), wanted);
    });
  }
  return { program: (program) => `${folder}bin/${program}` };
}

/** Whether the environment is built as its pins want it. */
export const isPythonEnvironmentBuilt = async (name: string): Promise<boolean> =>
  (await built(home(name))) === (await readFile(pins(name), 'utf8'));

const stamp = (folder: string): string => `${folder}pins.txt`;
const built = async (folder: string): Promise<string> =>
  existsSync(stamp(folder)) ? readFile(stamp(folder), 'utf8') : '';

async function build(folder: string, name: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await run('python3', ['-m', 'venv', folder]);
  const options = ['--quiet', '--disable-pip-version-check', '--require-hashes', '--requirement', pins(name)];
  await run(`${folder}bin/pip`, ['install', ...options]);
}

/** Creating a folder is atomic, so it serves as the lock; one left by a killed build is taken over after a while. */
async function alone(folder: string, work: () => Promise<void>): Promise<void> {
  const lock = `${folder.slice(0, -1)}.lock`;
  await mkdir(`${folder}..`, { recursive: true });
  const deadline = Date.now() + lockPatienceMs;
  while (!(await take(lock)) && Date.now() < deadline) {
    await pause(500);
  }
  try {
    await work();
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

const take = (lock: string): Promise<boolean> =>
  mkdir(lock).then(
    () => true,
    () => false,
  );
