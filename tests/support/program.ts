import { spawn } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

export interface CommandRun {
  readonly exitCode: number | null;
  readonly output: string;
  readonly errors: string;
}

export interface CommandOptions {
  readonly input?: string | Buffer;
  /** Sent to it, one right after the other, once `when` is fulfilled. */
  readonly signals?: readonly NodeJS.Signals[];
  readonly when?: Promise<unknown>;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a program of `app/src/commands` as a process of its own. */
export function runProgram(
  program: 'load' | 'migrate',
  args: readonly string[],
  { input, signals = [], when, env = {} }: CommandOptions = {},
): Promise<CommandRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, `app/src/commands/${program}.ts`), ...args], {
      cwd: root,
      env: { PATH: process.env['PATH'], ...env },
    });
    let [output, errors] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    child.stdin.on('error', () => undefined).end(input);
    void when?.then(() => {
      for (const signal of signals) child.kill(signal);
    });
    child.on('error', reject);
    child.on('close', (exitCode) => {
      resolve({ exitCode, output, errors });
    });
  });
}
