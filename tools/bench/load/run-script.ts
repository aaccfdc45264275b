import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Runs a script of this folder with one JSON argument; returns the last line that it prints, parsed. */
export async function runScript(
  command: readonly string[],
  name: string,
  argument: unknown,
): Promise<unknown> {
  return runForJson([...command, fileURLToPath(new URL(name, import.meta.url)), JSON.stringify(argument)]);
}

/** Runs a program; returns the last line that it prints, parsed. */
export async function runForJson([program = '', ...args]: readonly string[]): Promise<unknown> {
  const { stdout } = await execute(program, args);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}
