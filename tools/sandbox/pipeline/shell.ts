import { spawn } from 'node:child_process';
import { open, readdir, readlink } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

/** How a script ended. */
export interface Ended {
  readonly succeeded: boolean;
  /** The line that failed, or was running when it was ended. */
  readonly line: string | undefined;
  /** Of processors, by all that it waited for: on a busy machine the one figure that others can compare. */
  readonly processorSeconds: number;
}

export interface ShellOptions {
  readonly folder: string;
  /** The whole environment. */
  readonly env: NodeJS.ProcessEnv;
  /** File that what it prints is appended to. */
  readonly log: string;
  /** Ends it, with everything in its process group. */
  readonly signal: AbortSignal;
  /** Words before the shell's own: what it runs within. */
  readonly within?: readonly string[];
}

/** Runs the script in a shell of its own, outlives what ends it, and tells what it took beside the numbers of the lines. */
const count = 'trap : TERM; bash -euo pipefail -c "$0"; code=$?; times >&3; exit $code';
const killAfterMs = 10_000;
/** Tasks drain before they end. */
const endedWithinMs = 75_000;

/** Runs lines in one shell, as Bitbucket does: the first that fails is the last that runs. */
export async function runLines(lines: readonly string[], options: ShellOptions): Promise<Ended> {
  const { folder, env, log, signal, within = [] } = options;
  const output = await open(log, 'a');
  // The number of each line goes to a descriptor of its own: what a script prints can't be taken for it.
  const script = lines.map(
    (line, index) => `echo ${index} >&3\necho ${quote(`+ ${line}`)}\n{ ${line}\n} 3>&-`,
  );
  const [program, ...args] = [...within, 'bash', '-c', count, script.join('\n')];
  const child = spawn(program, args, {
    cwd: folder,
    env,
    detached: true,
    stdio: ['ignore', output.fd, output.fd, 'pipe'],
  });
  let current = '';
  child.stdio[3]?.on('data', (chunk: Buffer) => (current += chunk.toString()));
  const kill = (name: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // The group is gone.
    }
  };
  const end = (): void => {
    kill('SIGTERM');
    setTimeout(kill, killAfterMs, 'SIGKILL').unref();
  };
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      resolve(code ?? 143);
    });
  });
  signal.removeEventListener('abort', end);
  // What the script left in its group ends with it; the last number may still be on its way.
  kill('SIGTERM');
  await pause(10);
  await output.close();
  const succeeded = exitCode === 0;
  const reached = Number(current.match(/^\d+$/gm)?.at(-1));
  const minutes = [...current.matchAll(/(\d+)m([\d.]+)s/g)];
  const processorSeconds = minutes.reduce(
    (sum, [, whole, rest]) => sum + 60 * Number(whole) + Number(rest),
    0,
  );
  return { succeeded, line: succeeded ? undefined : lines[reached], processorSeconds };
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** A container takes its processes along when it ends: ends each one that works in a folder, also those that left its group. */
export async function endProcessesIn(folder: string): Promise<void> {
  const deadline = Date.now() + endedWithinMs;
  let name: NodeJS.Signals = 'SIGTERM';
  const told = new Set<number>();
  for (let left = await processesIn(folder); left.length > 0; left = await processesIn(folder)) {
    if (Date.now() > deadline) {
      name = 'SIGKILL';
      told.clear();
    }
    for (const pid of left.filter((one) => !told.has(one))) {
      told.add(pid);
      try {
        process.kill(pid, name);
      } catch {
        // It has ended by itself.
      }
    }
    await pause(100);
  }
}

/** By the folder that they work in, as Linux tells it; nothing elsewhere. */
async function processesIn(folder: string): Promise<readonly number[]> {
  const names = await readdir('/proc').catch(() => []);
  const found = await Promise.all(
    names
      .filter((name) => /^\d+$/.test(name))
      .map(async (name) => ({ pid: Number(name), cwd: await readlink(`/proc/${name}/cwd`).catch(() => '') })),
  );
  return found.filter(({ cwd }) => cwd === folder || cwd.startsWith(`${folder}/`)).map(({ pid }) => pid);
}
