import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { terraformEnvironment, type TerraformEnvironment } from '../../tools/lib/terraform/environment.ts';
import { describeWith } from '../support/requirements.ts';
import { terraformDirectories } from '../support/terraform-directories.ts';
import { awsProvider, terraform } from '../support/terraform.ts';
import { passed, runTerraform } from './run.ts';
import { readTestFiles } from './test-files.ts';

const project = resolve(import.meta.dirname, '../..');
const terraformMs = 300_000;

/** What is committed: a module has no lock file, a root has one. */
const isSource = (path: string): boolean =>
  !/\/(\.terraform|backend\.tf|tests|[^/]*\.tfstate[^/]*)$|\/modules\/.*\.terraform\.lock\.hcl$/.test(path);

/** Our own modules, and the roots that need none from the registry, with what they plan; refusals are a test of their own. */
const directories = terraformDirectories(project)
  .filter((directory) => directory !== 'terraform')
  .map((directory) => ({
    directory,
    files: readTestFiles(join(project, directory)).filter(({ plans }) => plans.runs > 0),
  }))
  .filter(({ files }) => files.length > 0);

describeWith([terraform, awsProvider], 'own modules', () => {
  let environment: TerraformEnvironment;
  let copies: string;

  beforeAll(async () => {
    environment = await terraformEnvironment();
  });

  afterAll(async () => {
    await environment.stop();
  });

  /** A copy in the same place of a tree, so that nobody's working directory is touched. */
  beforeEach(async () => {
    copies = await mkdtemp(join(tmpdir(), 'own-modules-'));
    for (const part of ['modules', 'terraform', 'app/table.json']) {
      await cp(join(project, part), join(copies, part), { recursive: true, filter: isSource });
    }
  });

  afterEach(async () => {
    await rm(copies, { recursive: true });
  });

  test.each(directories)(
    '$directory plans what its tests say',
    async ({ directory, files }) => {
      const copy = join(copies, directory);
      const lock = directory.startsWith('terraform/') ? ['-lockfile=readonly'] : [];
      for (const { name, plans } of files) await writeFile(join(copy, name), plans.text);

      const init = await runTerraform(
        copy,
        ['init', '-backend=false', '-input=false', ...lock],
        environment.env,
      );
      const outcome = await runTerraform(copy, ['test'], environment.env);

      expect(init.said).toContain('Terraform has been successfully initialized!');
      expect(outcome).toEqual(passed(files.reduce((sum, { plans }) => sum + plans.runs, 0)));
    },
    terraformMs,
  );
});
