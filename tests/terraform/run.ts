import { execFile } from 'node:child_process';

export interface Outcome {
  readonly succeeded: boolean;
  /** Everything that was printed. */
  readonly said: string;
}

/** Runs `terraform` in a directory. Not spawnSync: the module mirror that `init` may ask runs in this process. */
export function runTerraform(
  directory: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Outcome> {
  return new Promise((answer) => {
    execFile(
      'terraform',
      [`-chdir=${directory}`, ...args, '-no-color'],
      { env: { ...env, CHECKPOINT_DISABLE: '1' } },
      (error, stdout, stderr) => {
        answer({ succeeded: error === null, said: stdout + stderr });
      },
    );
  });
}

/** What `terraform test` ends with when all of so many runs passed. */
export const passed = (runs: number): { succeeded: true; said: unknown } => ({
  succeeded: true,
  said: expect.stringContaining(`Success! ${runs} passed, 0 failed.`),
});
