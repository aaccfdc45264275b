import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { isPythonEnvironmentBuilt, pythonEnvironment } from '../../install/python/environment.ts';
import { reasonOf } from '../../../app/src/commands/problem.ts';
import { run, type Finished } from '../../lib/processes.ts';
import { NotChecked } from './gate.ts';

const project = resolve(import.meta.dirname, '../../..');

export type Run = Finished;

/** Path of a Go tool that `make tools` built from the checksums in tools/install/go. Rejects with `NotChecked` without it. */
export function goTool(name: string): string {
  const path = join(project, '.cache', 'bin', name);
  if (!existsSync(path))
    throw new NotChecked(`${name} is not built: make tools (or make .cache/bin/${name})`);
  return path;
}

/** Path of a Python tool that `make tools` installed from hashed pins. Rejects with `NotChecked` without it. */
export async function pythonTool(environment: string, program = environment): Promise<string> {
  if (!(await isPythonEnvironmentBuilt(environment))) {
    throw new NotChecked(`${environment} is not installed: make tools`);
  }
  return (await pythonEnvironment(environment)).program(program);
}

/** Runs a program to its end, whatever its exit code. Rejects with `NotChecked` when it can't be run or takes too long. */
export function runTool(
  program: string,
  args: readonly string[],
  { cwd, env = {} }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<Run> {
  return run(program, args, { cwd, env: { ...process.env, ...env } }).catch((error: unknown) => {
    throw new NotChecked(reasonOf(error));
  });
}

/** What a tool printed as JSON. Rejects with `NotChecked`, telling what it said instead. */
export function parseOutput(tool: string, { code, stdout, stderr }: Run): unknown {
  try {
    return JSON.parse(stdout) as unknown;
  } catch {
    const told = `${stderr}\n${stdout}`.trim().split('\n').at(-1) ?? '';
    throw new NotChecked(`${tool} gave no report (exit ${code}): ${told.slice(0, 300)}`);
  }
}

const foreign = new Set(['node_modules', '.git', '.cache', '.terraform', 'dist', 'reports', '.data']);

/** The files that belong to the project, tracked or new; what git ignores doesn't. Outside of git: all but the installed. */
export async function listFiles(root: string): Promise<readonly string[]> {
  if (existsSync(join(root, '.git'))) {
    const { code, stdout } = await runTool(
      'git',
      ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
      { cwd: root },
    );
    if (code === 0) {
      return stdout.split('\0').filter((file) => file !== '' && existsSync(join(root, file)));
    }
  }
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => relative(root, join(parentPath, name)))
    .filter((file) => !file.split('/').some((part) => foreign.has(part)))
    .sort();
}

/** Does something with a copy of some files of the project, and removes it again. */
export async function withCopy<T>(
  root: string,
  files: readonly string[],
  work: (copy: string) => Promise<T>,
): Promise<T> {
  const copy = await mkdtemp(join(tmpdir(), 'copy-'));
  try {
    for (const file of files) await cp(join(root, file), join(copy, file));
    return await work(copy);
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}
