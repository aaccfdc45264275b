import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Problem } from '../../app/src/commands/problem.ts';
import { readSettings, textOf } from './settings.ts';

/** Of a processor, as ECS names it. */
export type Architecture = 'ARM64' | 'X86_64';

/** As container engines and registries name it, behind `linux/`. */
const engineName: Readonly<Record<Architecture, string>> = { ARM64: 'arm64', X86_64: 'amd64' };
export const platformOf = (architecture: Architecture): string => `linux/${engineName[architecture]}`;

export const machineArchitecture: Architecture = process.arch === 'arm64' ? 'ARM64' : 'X86_64';

/** What Terraform gives the tasks of an environment. */
export async function architectureOf(
  root: string,
  environment: string,
  env: NodeJS.ProcessEnv,
): Promise<Architecture> {
  const found = textOf((await readSettings(root, environment, env))('architecture'));
  if (found === 'ARM64' || found === 'X86_64') return found;
  throw new Problem(
    `The architecture of ${environment} is ${found ?? 'not set'}.`,
    `Set architecture = "X86_64" or "ARM64" in terraform/environments/${environment}.tfvars.`,
  );
}

/** What the image is built for. One image goes through all environments, so they have to agree. */
export async function wantedArchitecture(root: string, env: NodeJS.ProcessEnv): Promise<Architecture> {
  const files = (await readdir(join(root, 'environments'))).filter((file) => file.endsWith('.tfvars'));
  const all = await Promise.all(
    files
      .map((file) => basename(file, '.tfvars'))
      .map(async (name) => ({ name, architecture: await architectureOf(root, name, env) })),
  );
  const [first] = all;
  if (first !== undefined && all.every(({ architecture }) => architecture === first.architecture))
    return first.architecture;
  throw new Problem(
    `The environments want different processors: ${all.map(({ name, architecture }) => `${name} ${architecture}`).join(', ')}.`,
    'One image goes through all of them: set one architecture in terraform/environments/*.tfvars.',
  );
}

/** Refuses an image that the tasks can't start. `built` is the architecture that the image's own configuration names. */
export function checkArchitecture(image: string, built: string, wanted: Architecture): void {
  if (built === engineName[wanted]) return;
  throw new Problem(
    `${image} is built for ${built === '' ? 'no processor that it names' : built}, and its tasks run on ${wanted} (${engineName[wanted]}): they could not start.`,
    'Build it again with `make image`, which builds for `architecture` of terraform/environments/*.tfvars, or change that setting. On another processor the engine needs emulation: `docker run --privileged --rm tonistiigi/binfmt --install all`, or a step with runtime.cloud.arch.',
  );
}
