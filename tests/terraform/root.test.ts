import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { terraformEnvironment, type TerraformEnvironment } from '../../tools/lib/terraform/environment.ts';
import { describeWith } from '../support/requirements.ts';
import { awsProvider, registryModules, terraform as terraformProgram } from '../support/terraform.ts';
import { passed, runTerraform, type Outcome } from './run.ts';
import { readTestFiles } from './test-files.ts';

const project = resolve(import.meta.dirname, '../..');
const terraformMs = 300_000;

describeWith([terraformProgram, awsProvider, registryModules], 'the service root', () => {
  let environment: TerraformEnvironment;
  let copy: string;

  /** A copy, so that nobody's working directory, workspace or backend is touched. */
  beforeAll(async () => {
    environment = await terraformEnvironment();
    copy = await mkdtemp(join(tmpdir(), 'service-root-'));
    await mkdir(join(copy, 'app'));
    for (const path of ['terraform', 'modules', 'app/table.json', 'app/collector', 'docs/slo.yaml']) {
      await cp(join(project, path), join(copy, path), {
        recursive: true,
        filter: (source) => !/\/(\.terraform|[^/]*\.tfstate[^/]*)$/.test(source),
      });
    }
  }, terraformMs);

  afterAll(async () => {
    await environment.stop();
    await rm(copy, { recursive: true });
  });

  const terraform = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> =>
    runTerraform(join(copy, 'terraform'), args, { ...environment.env, ...env });

  test(
    'the committed lock file is complete, and the configuration valid',
    async () => {
      const init = await terraform(['init', '-backend=false', '-lockfile=readonly', '-input=false']);
      const validate = await terraform(['validate']);

      expect(init).toEqual({
        succeeded: true,
        said: expect.stringContaining('Terraform has been successfully initialized!'),
      });
      expect(validate).toEqual({
        succeeded: true,
        said: expect.stringContaining('The configuration is valid.'),
      });
    },
    terraformMs,
  );

  test.each(readTestFiles(join(project, 'terraform')))(
    'what $name says is planned',
    async ({ name, plans }) => {
      const half = `plans-${name}`;
      await writeFile(join(copy, 'terraform/tests', half), plans.text);

      const outcome = await terraform(['test', `-filter=tests/${half}`], {
        TF_WORKSPACE: name.replace('.tftest.hcl', ''),
      });

      expect(outcome).toEqual(passed(plans.runs));
    },
    terraformMs,
  );
});
