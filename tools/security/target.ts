import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createEngine, engineNames, findEngine } from '../containers/engine.ts';
import { readSource } from '../build/source.ts';
import type { Progress } from '../deploy/progress.ts';
import { findInitialisedRoots } from '../modules/initialised-roots.ts';
import { reasonOf } from '../modules/problem.ts';
import { digestInputs, environments } from '../plans/inputs.ts';
import { planEnvironments } from '../plans/live.ts';
import type { Target } from './finding.ts';

/** What the gates look at: the project, its plans (made here unless they are fresh), its modules, its image. */
export async function prepareTarget(root: string, progress: Progress): Promise<Target> {
  const plans = await plan(root, progress);
  return { root, plans, initialised: await findModules(root), image: await exportImage(root) };
}

async function plan(root: string, progress: Progress): Promise<Target['plans']> {
  try {
    await planEnvironments(root, progress);
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

/** The image of this version as a docker-archive: the one format that every scanner reads. */
async function exportImage(root: string): Promise<Target['image']> {
  const tag = `movies-api:${readSource(root, process.env).version}`;
  try {
    const found = findEngine(engineNames);
    const engine = found.name === 'buildah' ? createEngine('podman') : found;
    const archive = join(root, '.cache', 'security', 'image.tar');
    await mkdir(join(root, '.cache', 'security'), { recursive: true });
    await rm(archive, { force: true });
    const format = engine.name === 'docker' ? [] : ['--format', 'docker-archive'];
    await engine.run(['save', ...format, '--output', archive, tag]);
    return archive;
  } catch {
    return { missing: `there is no image ${tag} here: make image` };
  }
}
