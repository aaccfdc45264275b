import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Runs a program of this room in this terminal, and resolves with whether it succeeded. */
export const createProgram =
  (project: string) =>
  async (program: string, ...args: readonly string[]): Promise<boolean> => {
    const child = spawn(process.execPath, [join('tools/release', program), ...args], {
      cwd: project,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const [code] = (await once(child, 'exit')) as [number | null];
    return code === 0;
  };
