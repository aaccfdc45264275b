import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { terraformEnvironment, type TerraformEnvironment } from '../../tools/terraform/environment.ts';
import { describeWith } from '../support/requirements.ts';
import { awsProvider, registryModules, terraform as terraformProgram } from '../support/terraform.ts';

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

  /** Not spawnSync: the module mirror that init asks runs in this process. */
  function terraform(
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): Promise<{ succeeded: boolean; said: string }> {
    return new Promise((answer) => {
      execFile(
        'terraform',
        [`-chdir=${join(copy, 'terraform')}`, ...args, '-no-color'],
        { env: { ...environment.env, ...env } },
        (error, stdout, stderr) => {
          answer({ succeeded: error === null, said: stdout + stderr });
        },
      );
    });
  }

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

  test.each(['dev', 'prod'])(
    'in the workspace %s, every mistake is refused and the rest is planned',
    async (workspace) => {
      const outcome = await terraform(['test', `-filter=tests/${workspace}.tftest.hcl`], {
        TF_WORKSPACE: workspace,
      });

      expect(outcome).toEqual({
        succeeded: true,
        said: expect.stringMatching(/Success! [1-9]\d* passed, 0 failed/),
      });
    },
    terraformMs,
  );

  test(
    'a root that forgets a refusal fails its tests',
    async () => {
      const variables = join(copy, 'terraform/variables.tf');
      const before = await readFile(variables, 'utf8');
      const tests = await readFile(join(copy, 'terraform/tests/dev.tftest.hcl'), 'utf8');
      const [given, ...runs] = tests.split(/^(?=run ")/m);
      const only = runs.find((run) => run.startsWith('run "variables_of_another_workspace'));
      await writeFile(join(copy, 'terraform/tests/one.tftest.hcl'), `${given}${only}`);
      await writeFile(
        variables,
        before.replace('var.environment == terraform.workspace', 'length(var.environment) > 0'),
      );

      const outcome = await terraform(['test', '-filter=tests/one.tftest.hcl'], { TF_WORKSPACE: 'dev' });
      await writeFile(variables, before);

      expect(outcome).toEqual({
        succeeded: false,
        said: expect.stringContaining('run "variables_of_another_workspace_are_refused"... fail'),
      });
    },
    terraformMs,
  );
});
