import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A `*.tftest.hcl` file as formatted by `terraform fmt`, in two halves. */
export interface TestFile {
  readonly name: string;
  /** The runs that expect nothing but refused variables, without a provider: `variables.tf` is all they need. */
  readonly refusals: HalfFile;
  /** All others, with everything that the file gives. */
  readonly plans: HalfFile;
}

export interface HalfFile {
  readonly runs: number;
  readonly text: string;
}

const runBlock = /^run "[\s\S]*?^\}\n?/gm;
const providerBlock = /^(provider|mock_provider|override_\w+)\b[\s\S]*?^\}\n?/gm;
const refusedVariablesOnly = /expect_failures = \[(\s*var\.\w+,?)+\s*\]/;

export const isRefusal = (run: string): boolean =>
  refusedVariablesOnly.test(run) && !/^\s*assert\b/m.test(run);

/**
 * Splits a file of Terraform tests. Each run starts the provider, which takes a second or more, and a rule of a variable
 * needs none: so refusals are tried where there is no provider.
 */
export function splitTestFile(name: string, text: string): TestFile {
  const runs = text.match(runBlock) ?? [];
  const given = text.replaceAll(runBlock, '');
  const half = (chosen: readonly string[], before: string): HalfFile => ({
    runs: chosen.length,
    text: [before, ...chosen].join('\n'),
  });
  return {
    name,
    refusals: half(runs.filter(isRefusal), given.replaceAll(providerBlock, '')),
    plans: half(
      runs.filter((run) => !isRefusal(run)),
      given,
    ),
  };
}

/** The Terraform tests of a directory, by name; none where it has no tests. */
export function readTestFiles(directory: string): readonly TestFile[] {
  const folder = join(directory, 'tests');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.tftest.hcl'))
    .sort()
    .map((name) => splitTestFile(name, readFileSync(join(folder, name), 'utf8')));
}
