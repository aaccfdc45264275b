import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve as resolvePath } from 'node:path';
import { Problem } from '../../app/src/commands/problem.ts';

/** How a program ended, and what it said. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** A bound on a hang, not on a speed. */
  readonly timeoutMs?: number;
  /** Of what it says: `latin1` keeps each byte, one to a character. */
  readonly encoding?: 'utf8' | 'latin1';
}

const maxBuffer = 256 * 1024 * 1024;

/** Runs a program to its end, whatever its exit code. Rejects with a `Problem` when it can't be started or takes too long. */
export function run(
  program: string,
  args: readonly string[],
  { cwd, env = process.env, timeoutMs = 600_000, encoding = 'utf8' }: RunOptions = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    execFile(
      program,
      args,
      { cwd, env, timeout: timeoutMs, maxBuffer, encoding },
      (error, stdout, stderr) => {
        if (error === null) resolve({ code: 0, stdout, stderr });
        else if (typeof error.code === 'number') resolve({ code: error.code, stdout, stderr });
        else
          reject(
            new Problem(
              `${program} did not run: ${whyNot(error)}`,
              `Is ${program} installed, and on the PATH?`,
            ),
          );
      },
    );
  });
}

const whyNot = ({ code, killed, message }: { code?: unknown; killed?: boolean; message: string }): string =>
  code === 'ENOENT'
    ? 'there is no such program'
    : killed === true
      ? 'it did not end in time, and was stopped'
      : (message.split('\n')[0] ?? '');

/** The standard output of a program that must succeed. Rejects with a `Problem` that holds its first error, else its last line. */
export async function output(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, options);
  if (code === 0) return stdout.trim();
  const lines = `${stdout}\n${stderr}`.trim().split('\n');
  // A plan may show the word long before it says what is wrong.
  const said =
    lines.find((line) => /^\W*error:/i.test(line)) ??
    lines.find((line) => /\berror\b/i.test(line)) ??
    lines.at(-1) ??
    '';
  throw new Problem(
    `${program} ${args[0] ?? ''} failed (exit ${code}): ${said.slice(0, 500)}`,
    `Run it by hand to see all that it says.`,
  );
}

const project = resolvePath(import.meta.dirname, '../..');

/** Runs a program of this project, or a package's, in this terminal. Resolves with its exit code. */
export async function runHere(
  args: readonly string[],
  {
    env = process.env,
    isQuiet = false,
  }: { readonly env?: NodeJS.ProcessEnv; readonly isQuiet?: boolean } = {},
): Promise<number> {
  const child = spawn(process.execPath, args, {
    cwd: project,
    env,
    stdio: ['ignore', isQuiet ? 'ignore' : 'inherit', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}
