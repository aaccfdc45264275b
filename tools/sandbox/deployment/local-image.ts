import { join } from 'node:path';
import { Problem } from '../../../app/src/commands/problem.ts';
import { bundle } from '../../lib/bundle.ts';
import { readSource } from '../../lib/source.ts';
import { findEngine, type Engine } from '../../lib/container-engine.ts';
import { buildImage } from '../../lib/image-build.ts';
import { summarise } from '../../lib/image-summary.ts';
import { hasLocalBaseImages, localBaseImages } from '../../lib/local-base.ts';
import type { RunnerKind } from './runners.ts';
import { keepBundle } from './runners.ts';

/** What is deployed locally, named as in production: repository and digest. */
export interface LocalImage {
  /** `<repository>@sha256:…` */
  readonly reference: string;
  /** What can run it. */
  readonly runner: RunnerKind;
}

export interface ReleaseOptions {
  readonly project: string;
  readonly home: string;
  /** Of the emulated account. */
  readonly repository: string;
  readonly say: (line: string) => void;
}

/** The image where podman works on this Linux, the production bundle elsewhere. Named by the digest of what really runs. */
export async function buildRelease(options: ReleaseOptions): Promise<LocalImage> {
  const { say } = options;
  const podman = findPodman();
  if (podman === undefined) {
    say('no podman runs a container here: the production bundle runs as processes');
    return buildBundle(options);
  }
  try {
    return await buildContainer(podman, options);
  } catch (error) {
    say(`the image can't be built here (${messageOf(error)}): the production bundle runs as processes`);
    return buildBundle(options);
  }
}

/** podman keeps an image under the digest of its manifest, and finds it by any name that it was tagged with. */
async function buildContainer(
  engine: Engine,
  { project, repository, say }: ReleaseOptions,
): Promise<LocalImage> {
  const tag = `${repository}:local`;
  const build = { engine, projectRoot: project, tag, source: readSource(project, process.env) };
  say('building the image with podman');
  if (await hasLocalBaseImages(engine))
    await buildImage({ ...build, bases: await localBaseImages(engine, say) });
  else {
    // Where the pinned bases can't be pulled, those that are made from Debian packages.
    await buildImage(build).catch(async (error: unknown) => {
      say(`on a base made here: ${messageOf(error)}`);
      await buildImage({ ...build, bases: await localBaseImages(engine, say) });
    });
  }
  const { digest } = await summarise(engine, tag);
  if (digest === undefined)
    throw new Problem('podman keeps no digest of the image.', 'See `podman image inspect`.');
  // A tag of its own, or the next build would take the name away from an image that runs.
  await engine.run(['tag', tag, `${repository}:${digest.slice(7, 19)}`]);
  return { reference: `${repository}@${digest}`, runner: 'containers' };
}

async function buildBundle({ project, home, repository }: ReleaseOptions): Promise<LocalImage> {
  const out = join('.cache', 'local-bundle');
  await bundle({ projectRoot: project, out, source: readSource(project, process.env) });
  const digest = await keepBundle(join(project, out), home);
  return { reference: `${repository}@${digest}`, runner: 'processes' };
}

/** Undefined where it can't run a container here: its program alone says little. */
function findPodman(): Engine | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return findEngine(['podman']);
  } catch {
    return undefined;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
