import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { bundled } from './bundled.ts';

const root = join(import.meta.dirname, '../..');

export interface LoaderRun {
  readonly exitCode: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs the loader as a process of its own, and sends it Ctrl-C once `interruption` is fulfilled. */
export function runLoader(
  args: readonly string[],
  input?: string,
  interruption?: Promise<unknown>,
): Promise<LoaderRun> {
  return new Promise((resolve, reject) => {
    const environment = { ...process.env, NODE_OPTIONS: '', TABLE_NAME: undefined, REGION: undefined };
    const loader = spawn(process.execPath, [bundled('app/src/commands/load.ts'), ...args], {
      cwd: root,
      env: environment,
    });
    let [output, errors] = ['', ''];
    loader.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    loader.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    loader.stdin.end(input);
    void interruption?.then(() => loader.kill('SIGINT'));
    loader.on('error', reject);
    loader.on('close', (exitCode) => {
      resolve({ exitCode, output, errors });
    });
  });
}
