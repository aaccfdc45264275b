import { createHash } from 'node:crypto';
import { cp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the bundle of a digest (`sha256:…`) is kept. */
export const bundlePath = (home: string, digest: string): string =>
  join(home, 'bundles', digest.replace(':', '-'));

/** Keeps a copy of a production bundle under its digest, so that several versions can run side by side. */
export async function keepBundle(dist: string, home: string): Promise<string> {
  const digest = await digestOfBundle(dist);
  const folder = bundlePath(home, digest);
  // Tasks may be running from it.
  if ((await digestOfBundle(folder).catch(() => undefined)) === digest) return digest;
  await rm(folder, { recursive: true, force: true });
  await cp(dist, folder, { recursive: true });
  return digest;
}

/** `sha256:…` of all files by name and content. */
export async function digestOfBundle(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
  const hash = createHash('sha256');
  for (const file of files) {
    const content = createHash('sha256').update(await readFile(join(folder, file)));
    hash.update(`${content.digest('hex')}  ${file}\n`);
  }
  return `sha256:${hash.digest('hex')}`;
}
