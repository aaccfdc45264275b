import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { terraformEnvironment, type TerraformEnvironment } from '../../tools/terraform/environment.ts';
import { describeWith } from '../support/requirements.ts';
import { awsProvider, terraform } from '../support/terraform.ts';
import { terraformDirectories } from '../support/terraform-directories.ts';

const project = resolve(import.meta.dirname, '../..');
const terraformMs = 180_000;

/** What is committed: a module has no lock file, a root has one. */
const isSource = (path: string): boolean =>
  !/\/(\.terraform|backend\.tf|[^/]*\.tfstate[^/]*)$|\/modules\/.*\.terraform\.lock\.hcl$/.test(path);

const hasTests = (folder: string): boolean =>
  existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.tftest.hcl'));

/** Our own modules, and the roots that need none from the registry. */
const directories = terraformDirectories(project).filter(
  (directory) => directory !== 'terraform' && hasTests(join(project, directory, 'tests')),
);

describeWith([terraform, awsProvider], 'own modules', () => {
  let environment: TerraformEnvironment;
  let copies: string;

  beforeAll(async () => {
    environment = await terraformEnvironment();
  });

  afterAll(async () => {
    await environment.stop();
  });

  beforeEach(async () => {
    copies = await mkdtemp(join(tmpdir(), 'own-modules-'));
  });

  afterEach(async () => {
    await rm(copies, { recursive: true });
  });

  /** A copy in the same place of a tree, so that nobody's working directory is touched. */
  async function initialised(directory: string): Promise<string> {
    for (const part of ['modules', 'terraform', 'app/table.json']) {
      await cp(join(project, part), join(copies, part), { recursive: true, filter: isSource });
    }
    const copy = join(copies, directory);
    const lock = directory.startsWith('terraform/') ? ['-lockfile=readonly'] : [];
    expect(terraform(copy, 'init', '-backend=false', '-input=false', ...lock)).toMatchObject({ status: 0 });
    return copy;
  }

  function terraform(directory: string, ...args: string[]): { status: number | null; said: string } {
    const run = spawnSync('terraform', [`-chdir=${directory}`, ...args, '-no-color'], {
      encoding: 'utf8',
      env: environment.env,
    });
    return { status: run.status, said: run.stdout + run.stderr };
  }

  describe.each(directories)('%s', (directory) => {
    test(
      'its rules hold, and what they refuse is refused',
      async () => {
        const copy = await initialised(directory);

        const { status, said } = terraform(copy, 'test');

        expect({ status, said }).toEqual({
          status: 0,
          said: expect.stringMatching(/Success! [1-9]\d* passed, 0 failed/),
        });
      },
      terraformMs,
    );
  });

  test(
    'a rule that is taken away fails the tests of its module',
    async () => {
      const copy = await initialised('modules/api-access');
      const variables = join(copy, 'variables.tf');
      const before = await readFile(variables, 'utf8');
      await writeFile(
        variables,
        before.replace('contains(["ON", "OPTIONAL"], var.mfa)', 'length(var.mfa) > 0'),
      );

      const { status, said } = terraform(copy, 'test', '-filter=tests/refusals.tftest.hcl');

      expect({ status, said }).toEqual({
        status: 1,
        said: expect.stringContaining('no_second_factor_at_all_is_refused'),
      });
    },
    terraformMs,
  );
});
