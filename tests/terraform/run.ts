import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

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
      { env: { ...env, CHECKPOINT_DISABLE: '1' }, maxBuffer: 64 * 1024 * 1024 },
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

/** A `*.tftest.hcl` file as formatted by `terraform fmt`. */
export interface TestFile {
  readonly name: string;
  readonly runs: number;
  /** The variables that it gives to each of its runs, as HCL. */
  readonly given: string;
}

/** The Terraform tests of a directory, by name; none where it has no tests. */
export function readTestFiles(directory: string): readonly TestFile[] {
  const folder = join(directory, 'tests');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.tftest.hcl'))
    .sort()
    .map((name) => {
      const text = readFileSync(join(folder, name), 'utf8');
      const [given = ''] = /^variables \{[\s\S]*?^\}/m.exec(text) ?? [];
      return { name, runs: text.match(/^run "/gm)?.length ?? 0, given };
    });
}
