import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from './container-engine.ts';

interface Description {
  config: { digest: string; size: number };
}
interface Configuration {
  container?: string;
  parent?: string;
  created?: string;
  history?: { comment?: string; created?: string | undefined }[];
}

/**
 * Takes out of an image what podman and buildah note of the build that made it: random ids of containers and of intermediate
 * images, and when a cached step was made: the only differences between two builds of the same source in docker's format (OCI's has no HEALTHCHECK).
 * The image keeps its name and layers, and gets the digest that every build of that source has.
 */
export async function normaliseImage(engine: Engine, tag: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'movies-api-image-'));
  try {
    await engine.run(['push', '--quiet', '--format', 'v2s2', tag, `dir:${folder}`]);
    await rewrite(folder);
    const id = await engine.run(['pull', '--quiet', `dir:${folder}`]);
    await engine.run(['tag', id, tag]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The `dir` layout of containers/image: `manifest.json`, and each blob named by its digest without the algorithm. */
async function rewrite(folder: string): Promise<void> {
  const read = async (name: string): Promise<unknown> =>
    JSON.parse(await readFile(join(folder, name), 'utf8'));
  const manifest = (await read('manifest.json')) as Description;
  const config = (await read(manifest.config.digest.replace('sha256:', ''))) as Configuration;

  delete config.container;
  delete config.parent;
  config.history?.forEach((step) => {
    delete step.comment;
    // A step out of the cache bears the time of the build that made it, which may be of another commit.
    step.created = config.created;
  });

  const text = JSON.stringify(config);
  const digest = createHash('sha256').update(text).digest('hex');
  await rm(join(folder, manifest.config.digest.replace('sha256:', '')));
  await writeFile(join(folder, digest), text);
  manifest.config = { ...manifest.config, digest: `sha256:${digest}`, size: Buffer.byteLength(text) };
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
}
