import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { terraformEnvironment, type TerraformEnvironment } from '../../tools/lib/terraform/environment.ts';
import { describeWith } from '../support/requirements.ts';
import { awsProvider, registryModules, terraform, terraformDirectories } from '../support/terraform.ts';
import { passed, readTestFiles, runTerraform } from './run.ts';

const project = resolve(import.meta.dirname, '../..');
/** A bound on a hang. */
const terraformMs = 600_000;

/** What is committed: a module has no lock file, a root has one. */
const isSource = (path: string): boolean =>
  !/\/(\.terraform|backend\.tf|[^/]*\.tfstate[^/]*)$|\/modules\/.*\.terraform\.lock\.hcl$/.test(path);

/** Each root and module with what it plans. */
const planned = terraformDirectories(project)
  .map((directory) => ({ directory, files: readTestFiles(join(project, directory)) }))
  .filter(({ files }) => files.length > 0);

let environment: TerraformEnvironment;
let copies: string;

beforeAll(async () => {
  environment = await terraformEnvironment();
});

afterAll(async () => {
  await environment.stop();
});

/** A copy in the same place of a tree, so that nobody's working directory, workspace or backend is touched. */
beforeEach(async () => {
  copies = await mkdtemp(join(tmpdir(), 'terraform-tests-'));
  for (const part of ['modules', 'terraform', 'app/table.json', 'app/collector', 'docs/slo.yaml']) {
    await cp(join(project, part), join(copies, part), { recursive: true, filter: isSource });
  }
});

afterEach(async () => {
  await rm(copies, { recursive: true });
});

const run = (directory: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  runTerraform(join(copies, directory), args, { ...environment.env, ...env });

const initialised = expect.stringContaining('Terraform has been successfully initialized!');

describeWith([terraform, awsProvider], 'own modules', () => {
  test.each(planned.filter(({ directory }) => directory !== 'terraform'))(
    '$directory plans what its tests say',
    async ({ directory, files }) => {
      const lock = directory.startsWith('terraform/') ? ['-lockfile=readonly'] : [];

      const init = await run(directory, ['init', '-backend=false', '-input=false', ...lock]);
      const outcome = await run(directory, ['test']);

      expect(init.said).toEqual(initialised);
      expect(outcome).toEqual(passed(files.reduce((sum, { runs }) => sum + runs, 0)));
    },
    terraformMs,
  );
});

describeWith([terraform, awsProvider, registryModules], 'the service root', () => {
  test(
    'has a complete lock file, is valid, and plans in each environment what its tests say',
    async () => {
      const [root] = planned.filter(({ directory }) => directory === 'terraform');
      const init = await run('terraform', ['init', '-backend=false', '-lockfile=readonly', '-input=false']);
      const validate = await run('terraform', ['validate']);

      expect(init).toEqual({ succeeded: true, said: initialised });
      expect(validate).toEqual({
        succeeded: true,
        said: expect.stringContaining('The configuration is valid.'),
      });
      for (const { name, runs } of root?.files ?? []) {
        const workspace = name.replace('.tftest.hcl', '');
        expect(
          await run('terraform', ['test', `-filter=tests/${name}`], { TF_WORKSPACE: workspace }),
        ).toEqual(passed(runs));
      }
    },
    terraformMs,
  );
});
