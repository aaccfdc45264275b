import { readFileSync, readdirSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { terraformEnvironment, type TerraformEnvironment } from '../../tools/lib/terraform/environment.ts';
import { describeWith } from '../support/requirements.ts';
import {
  awsProvider,
  registryModules,
  runTerraform,
  terraform,
  terraformDirectories,
} from '../support/terraform.ts';

const project = resolve(import.meta.dirname, '../..');
/** A bound on a hang. */
const terraformMs = 600_000;

/** What is committed: a module has no lock file, a root has one. */
const isSource = (path: string): boolean =>
  !/\/(\.terraform|backend\.tf|[^/]*\.tfstate[^/]*)$|\/modules\/.*\.terraform\.lock\.hcl$/.test(path);

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

const init = (directory: string) => {
  const lock = directory.startsWith('terraform') ? ['-lockfile=readonly'] : [];
  return run(directory, ['init', '-backend=false', '-input=false', ...lock]);
};
const initialised = {
  succeeded: true,
  said: expect.stringContaining('Terraform has been successfully initialized!'),
};

/** What `terraform test` ends with when every run of a directory passed. */
function allPassed(directory: string): { readonly succeeded: true; readonly said: unknown } {
  const folder = join(project, directory, 'tests');
  const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  const runs = texts.join('\n').match(/^run "/gm)?.length ?? 0;
  return { succeeded: true, said: expect.stringContaining(`Success! ${runs} passed, 0 failed.`) };
}

describeWith([terraform, awsProvider], 'own modules', () => {
  test.each(terraformDirectories(project).filter((directory) => directory !== 'terraform'))(
    '%s plans what its tests say',
    async (directory) => {
      expect(await init(directory)).toEqual(initialised);
      expect(await run(directory, ['test'])).toEqual(allPassed(directory));
    },
    terraformMs,
  );
});

describeWith([terraform, awsProvider, registryModules], 'the service root', () => {
  test(
    'has a complete lock file, is valid, and plans what its tests say',
    async () => {
      expect(await init('terraform')).toEqual(initialised);
      expect(await run('terraform', ['validate'])).toEqual({
        succeeded: true,
        said: expect.stringContaining('The configuration is valid.'),
      });
      expect(await run('terraform', ['test'], { TF_WORKSPACE: 'dev' })).toEqual(allPassed('terraform'));
    },
    terraformMs,
  );
});
