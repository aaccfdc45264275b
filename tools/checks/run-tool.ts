import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isPythonEnvironmentBuilt, pythonEnvironment } from '../install/python/environment.ts';
import { NotChecked } from './finding.ts';

const project = resolve(import.meta.dirname, '../..');
const timeoutMs = 600_000;
const outputBytes = 256 * 1024 * 1024;

export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

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
  return new Promise((done, fail) => {
    const options = { cwd, env: { ...process.env, ...env }, timeout: timeoutMs, maxBuffer: outputBytes };
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null) {
        done({ code: 0, stdout, stderr });
      } else if (typeof error.code === 'number') {
        done({ code: error.code, stdout, stderr });
      } else {
        fail(new NotChecked(`${program} did not run: ${error.message.split('\n')[0] ?? ''}`));
      }
    });
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
