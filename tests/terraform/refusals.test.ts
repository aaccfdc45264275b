import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { describeWith } from '../support/requirements.ts';
import { terraform } from '../support/terraform.ts';
import { terraformDirectories } from '../support/terraform-directories.ts';
import { passed, runTerraform, type Outcome } from './run.ts';
import { isRefusal, readTestFiles, type TestFile } from './test-files.ts';

const project = resolve(import.meta.dirname, '../..');

const files = terraformDirectories(project).flatMap((directory) =>
  readTestFiles(join(project, directory)).map((file) => ({ directory, ...file })),
);
const withRefusals = files.filter(({ refusals }) => refusals.runs > 0);

describe('a run of Terraform tests', () => {
  test('is a refusal when refused variables are all that it expects', () => {
    const refusal =
      'run "a" {\n  command = plan\n\n  expect_failures = [\n    var.image, var.commit,\n  ]\n}\n';

    expect(isRefusal(refusal)).toBe(true);
    expect(isRefusal(refusal.replace('var.image', 'aws_dynamodb_table.main'))).toBe(false);
    expect(isRefusal(refusal.replace('command = plan', 'assert {\n    condition = true\n  }'))).toBe(false);
  });

  test.each(files)(
    'of $directory, $name belongs to one half of it',
    async ({ directory, name, refusals, plans }) => {
      const text = await readFile(join(project, directory, 'tests', name), 'utf8');

      expect(refusals.runs + plans.runs).toBe(text.match(/^run "/gm)?.length);
      expect(refusals.text).not.toMatch(/^(provider|mock_provider|override_\w+)\b/m);
    },
  );
});

describeWith([terraform], 'what a variable may not be', () => {
  let bare: string;

  beforeEach(async () => {
    bare = await mkdtemp(join(tmpdir(), 'refusals-'));
    await mkdir(join(bare, 'tests'));
  });

  afterEach(async () => {
    await rm(bare, { recursive: true });
  });

  /** Variables and refusals of a directory, and nothing else. */
  async function prepare(directory: string, { name, refusals }: TestFile): Promise<void> {
    for (const part of ['variables.tf', 'environments']) {
      const path = join(project, directory, part);
      if (existsSync(path)) await cp(path, join(bare, part), { recursive: true });
    }
    await writeFile(join(bare, 'tests', name), refusals.text);
  }

  /** Tests of an environment are named like it, and take its workspace. */
  const tryRefusals = (name: string): Promise<Outcome> => {
    const environment = name.replace('.tftest.hcl', '');
    const isEnvironment = existsSync(join(bare, 'environments', `${environment}.tfvars`));
    return runTerraform(bare, ['test', `-filter=tests/${name}`], {
      ...process.env,
      TF_CLI_CONFIG_FILE: undefined,
      TF_WORKSPACE: isEnvironment ? environment : undefined,
    });
  };

  test.each(withRefusals)('is refused by $directory, as $name says', async ({ directory, ...file }) => {
    await prepare(directory, file);

    const outcome = await tryRefusals(file.name);

    expect(outcome).toEqual(passed(file.refusals.runs));
  });

  test.each([
    {
      directory: 'modules/api-access',
      name: 'refusals.tftest.hcl',
      rule: 'contains(["ON", "OPTIONAL"], var.mfa)',
      forgotten: 'length(var.mfa) > 0',
      run: 'no_second_factor_at_all_is_refused',
    },
    {
      directory: 'terraform',
      name: 'dev.tftest.hcl',
      rule: 'var.environment == terraform.workspace',
      forgotten: 'length(var.environment) > 0',
      run: 'variables_of_another_workspace_are_refused',
    },
  ])('$directory without one of its rules fails $run', async ({ directory, name, rule, forgotten, run }) => {
    const file = files.find((one) => one.directory === directory && one.name === name);
    if (!file) throw new Error(`${directory} has no ${name}`);
    await prepare(directory, file);
    const variables = join(bare, 'variables.tf');
    await writeFile(variables, (await readFile(variables, 'utf8')).replace(rule, forgotten));

    const outcome = await tryRefusals(name);

    expect(outcome).toEqual({ succeeded: false, said: expect.stringContaining(`run "${run}"... fail`) });
  });
});
