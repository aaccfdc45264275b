import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf } from '../../../app/src/commands/problem.ts';
import { findInitialisedRoots } from '../../lib/module-releases.ts';
import { findImage } from '../../lib/registry.ts';
import { digestInputs, environments } from '../plans/inputs.ts';
import { planEnvironments } from '../plans/live.ts';
import type { Gate, Target } from './gate.ts';

export interface TargetOptions {
  readonly root: string;
  /** Only what these need is made. */
  readonly gates: readonly Gate[];
  /** Name of the image, instead of the one built here. */
  readonly image?: string | undefined;
}

/** What the gates look at: the project, its plans (made here unless they are fresh), its modules, its image. */
export async function prepareTarget(
  { root, gates, image }: TargetOptions,
  say: (line: string) => void,
): Promise<Target> {
  const isNeeded = (part: 'plans' | 'image'): boolean => gates.some(({ needs = [] }) => needs.includes(part));
  const unneeded = { missing: 'no gate asked for it' };
  return {
    root,
    plans: isNeeded('plans') ? await plan(root, say) : unneeded,
    initialised: await findModules(root),
    image: isNeeded('image') ? await findImage(root, image) : unneeded,
  };
}

async function plan(root: string, say: (line: string) => void): Promise<Target['plans']> {
  try {
    await planEnvironments(root, say);
    const inputs = await digestInputs(root);
    return new Map(
      environments.map((name) => [name, join(root, '.cache', 'plans', `${name}-${inputs}.json`)]),
    );
  } catch (error) {
    return { missing: `the environments can't be planned: ${reasonOf(error)}` };
  }
}

/** Where Terraform works: the project's own roots, and the copy that the plans are made in. */
async function findModules(root: string): Promise<readonly string[]> {
  const copy = join(root, '.cache', 'plans', 'tree');
  return [
    ...(await findInitialisedRoots(join(root, 'terraform'))),
    ...(existsSync(copy) ? await findInitialisedRoots(copy) : []),
  ];
}
