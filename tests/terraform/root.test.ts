import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { cacheDirectory } from '../../tools/modules/cache-directory.ts';
import { terraformEnvironment, type TerraformEnvironment } from '../../tools/terraform/environment.ts';
import { describeWith, program, type Requirement } from '../support/requirements.ts';

const project = resolve(import.meta.dirname, '../..');
const terraformMs = 300_000;

const registryModules: Requirement = {
  name: 'registry modules',
  missing: () =>
    existsSync(cacheDirectory('modules', process.env)) || registryAnswers()
      ? undefined
      : 'no registry and no module mirror: fill one with `npm run modules` on a machine that has them',
};

const ask = `fetch('https://registry.terraform.io/.well-known/terraform.json', { signal: AbortSignal.timeout(3000) })
  .then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))`;
const registryAnswers = (): boolean => spawnSync(process.execPath, ['-e', ask]).status === 0;

describeWith(
  [program('terraform', 'https://developer.hashicorp.com/terraform/install'), registryModules],
  'the service root',
  () => {
    let environment: TerraformEnvironment;
    let copy: string;

    /** A copy, so that nobody's working directory, workspace or backend is touched. */
    beforeAll(async () => {
      environment = await terraformEnvironment();
      copy = await mkdtemp(join(tmpdir(), 'service-root-'));
      await mkdir(join(copy, 'app'));
      for (const path of ['terraform', 'modules', 'app/table.json']) {
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

    function terraform(
      args: readonly string[],
      env: NodeJS.ProcessEnv = {},
    ): { status: number | null; said: string } {
      const run = spawnSync('terraform', [`-chdir=${join(copy, 'terraform')}`, ...args, '-no-color'], {
        encoding: 'utf8',
        env: { ...environment.env, ...env },
      });
      return { status: run.status, said: run.stdout + run.stderr };
    }

    test(
      'the committed lock file is complete, and the configuration valid',
      () => {
        const init = terraform(['init', '-backend=false', '-lockfile=readonly', '-input=false']);
        const validate = terraform(['validate']);

        expect(init).toMatchObject({ status: 0 });
        expect(validate).toEqual({ status: 0, said: expect.stringContaining('The configuration is valid.') });
      },
      terraformMs,
    );

    test.each(['dev', 'prod'])(
      'in the workspace %s, every mistake is refused and the rest is planned',
      (workspace) => {
        const { status, said } = terraform(['test', `-filter=tests/${workspace}.tftest.hcl`], {
          TF_WORKSPACE: workspace,
        });

        expect({ status, said }).toEqual({
          status: 0,
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
        await writeFile(variables, before.replace('var.environment == terraform.workspace', 'true'));

        const { status, said } = terraform(['test', '-filter=tests/one.tftest.hcl'], { TF_WORKSPACE: 'dev' });
        await writeFile(variables, before);

        expect({ status, said }).toEqual({
          status: 1,
          said: expect.stringContaining('run "variables_of_another_workspace_are_refused"... fail'),
        });
      },
      terraformMs,
    );
  },
);
