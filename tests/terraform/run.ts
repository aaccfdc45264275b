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

/** A run that expects nothing but refused variables: `variables.tf` is all it needs. */
export interface Refusal {
  readonly run: string;
  /** Variables that it says are refused. */
  readonly refused: readonly string[];
  readonly text: string;
  /** What its file gives, without a provider. */
  readonly given: string;
}

/** A `*.tftest.hcl` file as formatted by `terraform fmt`. */
export interface TestFile {
  readonly name: string;
  readonly refusals: readonly Refusal[];
  /** The file without its refusals, and how many runs are left. */
  readonly plans: { readonly runs: number; readonly text: string };
}

const runBlock = /^run "[\s\S]*?^\}\n?/gm;
const providerBlock = /^(provider|mock_provider|override_\w+)\b[\s\S]*?^\}\n?/gm;
const refusedVariablesOnly = /expect_failures = \[(\s*var\.\w+,?)+\s*\]/;

const isRefusal = (run: string): boolean => refusedVariablesOnly.test(run) && !/^\s*assert\b/m.test(run);

/** The Terraform tests of a directory, by name; none where it has no tests. */
export function readTestFiles(directory: string): readonly TestFile[] {
  const folder = join(directory, 'tests');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.tftest.hcl'))
    .sort()
    .map((name) => splitTestFile(name, readFileSync(join(folder, name), 'utf8')));
}

function splitTestFile(name: string, text: string): TestFile {
  const runs = text.match(runBlock) ?? [];
  const common = text.replaceAll(runBlock, '');
  const plans = runs.filter((run) => !isRefusal(run));
  return {
    name,
    refusals: runs.filter(isRefusal).map((run) => ({
      run: /^run "(\w+)"/.exec(run)?.[1] ?? '',
      refused: [...(refusedVariablesOnly.exec(run)?.[0] ?? '').matchAll(/var\.(\w+)/g)].map(
        ([, one = '']) => one,
      ),
      text: run,
      given: common.replaceAll(providerBlock, ''),
    })),
    plans: { runs: plans.length, text: [common, ...plans].join('\n') },
  };
}
