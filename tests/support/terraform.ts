import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../tools/lib/processes.ts';
import { cacheDirectory } from '../../tools/lib/terraform/environment.ts';
import { program, type Requirement } from './requirements.ts';

export const terraform = program(
  'terraform',
  'install Terraform 1.11 or newer (https://developer.hashicorp.com/terraform/install)',
  ['version'],
);

const ask = `fetch('https://registry.terraform.io/.well-known/terraform.json', { signal: AbortSignal.timeout(3000) })
  .then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))`;
const registryAnswers = (): boolean => spawnSync(process.execPath, ['-e', ask]).status === 0;

/** Every locked registry module, in the module mirror or to be had from the registry. */
export const registryModules: Requirement = {
  name: 'registry modules',
  missing: () => {
    const mirror = cacheDirectory('modules', process.env);
    const lock = JSON.parse(readFileSync('security/modules.lock.json', 'utf8')) as {
      readonly modules: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    };
    const absent = Object.entries(lock.modules).flatMap(([address, versions]) =>
      Object.keys(versions).filter((version) => !existsSync(join(mirror, address, version))),
    );
    return absent.length === 0 || registryAnswers()
      ? undefined
      : 'no registry answers and the module mirror lacks releases: fill it with `npm run modules -- add` on a machine that has them';
  },
};

/** The AWS provider, in a mirror on this machine or to be had from the registry. Terraform itself is asked. */
export const awsProvider: Requirement = {
  name: 'AWS provider',
  missing: () => {
    const script = `import('./tools/lib/terraform/environment.ts').then(async ({ findProviderMirrors }) =>
      process.exit((await findProviderMirrors(process.env)).length > 0 ? 0 : 1))`;
    const found = spawnSync(process.execPath, ['--input-type=module', '-e', script]).status === 0;
    return found || registryAnswers()
      ? undefined
      : 'no registry answers and no provider mirror is on this machine';
  },
};

/** The service root, the roots below it and our own modules: each directory that has a terraform.tf, sorted. */
export function terraformDirectories(project: string): string[] {
  const below = (parent: string): string[] =>
    readdirSync(join(project, parent)).map((name) => `${parent}/${name}`);
  return ['terraform', ...below('terraform'), ...below('modules')]
    .filter((directory) => existsSync(join(project, directory, 'terraform.tf')))
    .sort();
}

/** Runs `terraform` in a directory. Not spawnSync: the module mirror that `init` may ask runs in this process. */
export async function runTerraform(
  directory: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ readonly succeeded: boolean; readonly said: string }> {
  const { code, stdout, stderr } = await run('terraform', [`-chdir=${directory}`, ...args, '-no-color'], {
    env: { ...env, CHECKPOINT_DISABLE: '1' },
  });
  return { succeeded: code === 0, said: stdout + stderr };
}
