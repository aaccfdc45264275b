import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { describeWith } from '../support/requirements.ts';
import { terraform, terraformDirectories } from '../support/terraform.ts';
import { readTestFiles, runTerraform, type TestFile } from './run.ts';

const project = resolve(import.meta.dirname, '../..');

/** The rules that a run breaks, by variable: lines of variables.tf. */
type Broken = Readonly<Record<string, readonly number[]>>;

interface Rule {
  readonly variable: string;
  readonly line: number;
}

/** Each `validation` of variables.tf, as formatted by `terraform fmt`, by its line. */
function rulesIn(variables: string): readonly Rule[] {
  let variable = '';
  return variables.split('\n').flatMap((text, index) => {
    variable = /^variable "(\w+)"/.exec(text)?.[1] ?? variable;
    return text === '  validation {' ? [{ variable, line: index + 1 }] : [];
  });
}

interface Message {
  readonly type: string;
  readonly '@testrun'?: string;
  readonly diagnostic?: { readonly detail: string };
}

/**
 * Which rules each refusal breaks. A run that expects a failure doesn't say which rule failed, so the expectation is taken
 * out; a run that fails ends its file, so each has one of its own. No provider is started: variables are all it takes.
 */
async function brokenRules(
  directory: string,
  { name, refusals }: TestFile,
  variables: string,
): Promise<ReadonlyMap<string, Broken>> {
  const bare = await mkdtemp(join(tmpdir(), 'refusals-'));
  await mkdir(join(bare, 'tests'));
  await writeFile(join(bare, 'variables.tf'), variables);
  const environments = join(project, directory, 'environments');
  if (existsSync(environments)) await cp(environments, join(bare, 'environments'), { recursive: true });
  for (const { run, given, text } of refusals) {
    const unexpecting = text.replace(/ {2}expect_failures = \[[^\]]*\]\n/, '');
    await writeFile(join(bare, 'tests', `${run}.tftest.hcl`), `${given}\n${unexpecting}`);
  }
  // Tests of an environment are named like it, and take its workspace.
  const environment = name.replace('.tftest.hcl', '');
  const isEnvironment = existsSync(join(environments, `${environment}.tfvars`));
  const { said } = await runTerraform(bare, ['test', '-json'], {
    ...process.env,
    TF_CLI_CONFIG_FILE: undefined,
    TF_WORKSPACE: isEnvironment ? environment : undefined,
  });
  await rm(bare, { recursive: true });
  const found = new Map<string, Record<string, number[]>>(refusals.map(({ run }) => [run, {}]));
  const rules = rulesIn(variables);
  for (const line of said.split('\n').filter((text) => text.startsWith('{'))) {
    const message = JSON.parse(line) as Message;
    const at = /the validation rule at\s+variables\.tf:(\d+)/.exec(message.diagnostic?.detail ?? '')?.[1];
    const rule = rules.find((one) => one.line === Number(at));
    const broken = found.get(message['@testrun'] ?? '');
    if (rule !== undefined && broken !== undefined) (broken[rule.variable] ??= []).push(rule.line);
  }
  return found;
}

const directories = terraformDirectories(project)
  .map((directory) => ({
    directory,
    variables: readFileSync(join(project, directory, 'variables.tf'), 'utf8'),
    files: readTestFiles(join(project, directory)).filter(({ refusals }) => refusals.length > 0),
  }))
  .filter(({ variables }) => rulesIn(variables).length > 0);

/** Runs that break another rule than they say, or two rules of one variable; and rules that no run breaks. */
async function judge({ directory, variables, files }: (typeof directories)[number]): Promise<{
  readonly runs: readonly string[];
  readonly unproven: readonly Rule[];
}> {
  const results = await Promise.all(
    files.map(async (file) => ({ file, broken: await brokenRules(directory, file, variables) })),
  );
  const runs = results.flatMap(({ file, broken }) =>
    file.refusals.flatMap(({ run, refused }) => {
      const rules = broken.get(run) ?? {};
      return [
        ...refused.filter((name) => !(name in rules)).map((name) => `${run}: ${name} is not refused`),
        ...Object.keys(rules)
          .filter((name) => !refused.includes(name))
          .map((name) => `${run}: ${name} is refused, too`),
        ...Object.entries(rules)
          .filter(([, lines]) => new Set(lines).size > 1)
          .map(([name]) => `${run}: ${name} breaks several rules`),
      ];
    }),
  );
  const proven = new Set(
    results.flatMap(({ broken }) => [...broken.values()].flatMap((rules) => Object.values(rules).flat())),
  );
  return { runs, unproven: rulesIn(variables).filter(({ line }) => !proven.has(line)) };
}

describeWith([terraform], 'what a variable may not be', () => {
  test.each(directories)(
    'in $directory each rule is broken by a run that breaks no other rule of its variable',
    async (one) => {
      expect(await judge(one)).toEqual({ runs: [], unproven: [] });
    },
    120_000,
  );

  test('a rule that refuses nothing is named, and so is the run that was to break it', async () => {
    const [one] = directories.filter(({ directory }) => directory === 'modules/web-acl');
    if (one === undefined) throw new Error('modules/web-acl has no rules');
    const variables = one.variables.replace('startswith(group, "AWSManagedRules")', 'true');

    const { runs, unproven } = await judge({ ...one, variables });

    expect(runs.map((sentence) => sentence.split(': ')[1])).toEqual(['rule_overrides is not refused']);
    expect(unproven.map(({ variable }) => variable)).toEqual(['rule_overrides']);
  }, 120_000);
});
