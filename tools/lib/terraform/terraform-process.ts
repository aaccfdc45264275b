import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Problem } from '../../../app/src/commands/problem.ts';
import { readEvent, type Diagnostic, type TerraformEvent } from './events.ts';

export interface Finished {
  readonly code: number;
  /** Standard output, whole. */
  readonly output: string;
  readonly errors: string;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Runs `terraform` to its end, whatever its exit code; rejects only when it can't be started. An interrupt from the
 * terminal reaches Terraform as well, which then stops in order and releases its lock: it is never killed from here.
 */
export async function runTerraform(
  args: readonly string[],
  { directory, env }: { readonly directory: string; readonly env: NodeJS.ProcessEnv },
  tell: (event: TerraformEvent) => void = () => undefined,
): Promise<Finished> {
  const child = spawn('terraform', args, { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const patient = (): void => undefined;
  process.on('SIGINT', patient);
  const lines: string[] = [];
  const errors: string[] = [];
  const diagnostics: Diagnostic[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    const event = readEvent(line);
    if (!event) return;
    if (event.kind === 'problem') diagnostics.push(event.problem);
    tell(event);
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => errors.push(chunk));
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', (error) => {
        reject(
          new Problem(
            `terraform can't be started: ${error.message}`,
            'Install Terraform 1.11 or newer and put it on the PATH.',
          ),
        );
      });
      child.once('close', (status) => {
        resolve(status ?? 1);
      });
    });
    return { code, output: lines.join('\n'), errors: errors.join(''), diagnostics };
  } finally {
    process.off('SIGINT', patient);
  }
}
