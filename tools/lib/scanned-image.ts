import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createEngine, engineNames, findEngine } from './container-engine.ts';
import { readSource } from './source.ts';
import { reasonOf } from '../../app/src/commands/problem.ts';
import { signIn } from './registry.ts';

/** An image, and how a scanner is led to it. */
export interface ScannedImage {
  readonly name: string;
  /** Where Trivy and the like find it: in an archive, or in its registry. */
  readonly place: { readonly archive: string } | { readonly reference: string };
}

/** `host.domain/…`, `host:port/…`: it lies in a registry. Other names are those of a container engine on this machine. */
const isInRegistry = (name: string): boolean => /^[^/]*[.:][^/]*\//.test(name);

/** The image of that name, or in that archive (.tar); without one, what `make image` built of this version. Says what is missing where there is none. */
export async function findImage(
  root: string,
  name = `movies-api:${readSource(root, process.env).version}`,
): Promise<ScannedImage | { readonly missing: string }> {
  try {
    if (name.endsWith('.tar'))
      return existsSync(name)
        ? { name, place: { archive: name } }
        : { missing: `there is no archive ${name} (make verify ARCHIVE=yes)` };
    if (!isInRegistry(name)) return { name, place: { archive: await exportImage(root, name) } };
    const crane = join(root, '.cache', 'bin', 'crane');
    if (existsSync(crane)) await signIn(crane, name, process.env);
    return { name, place: { reference: name } };
  } catch (error) {
    return { missing: `there is no image ${name} here (make image): ${reasonOf(error)}` };
  }
}

/** A docker-archive: the one format that every scanner reads. */
async function exportImage(root: string, name: string): Promise<string> {
  const found = findEngine(engineNames);
  const engine = found.name === 'buildah' ? createEngine('podman') : found;
  const archive = join(root, '.cache', 'security', 'image.tar');
  await mkdir(join(root, '.cache', 'security'), { recursive: true });
  await rm(archive, { force: true });
  const format = engine.name === 'docker' ? [] : ['--format', 'docker-archive'];
  await engine.run(['save', ...format, '--output', archive, name]);
  return archive;
}
