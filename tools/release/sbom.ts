import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Problem, reasonOf } from '../../app/src/commands/problem.ts';

const run = promisify(execFile);
const project = resolve(import.meta.dirname, '../..');
const trivy = join(project, '.cache', 'bin', 'trivy');
const limits = { cwd: project, maxBuffer: 64 * 1024 * 1024, timeout: 300_000 };
/** Where an image is: in its registry by digest, or in a docker-archive. */
export type ImagePlace = { readonly reference: string } | { readonly archive: string };

/** CycloneDX of the repository: every package of package-lock.json, tools included. Resolves with how many there are. */
export const writeRepositorySbom = async (file: string): Promise<number> =>
  write(
    file,
    (await run('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], limits)).stdout,
  );

/**
 * CycloneDX of an image: packages of the base, and those in the bundle, which third-party.cdx.json lists. In a registry the
 * image is named by its digest. Resolves with how many components there are.
 */
export async function writeImageSbom(file: string, place: ImagePlace): Promise<number> {
  if (!existsSync(trivy))
    throw new Problem('trivy is not built: no image can be listed.', 'make tools (or make .cache/bin/trivy)');
  const where = 'archive' in place ? ['--input', place.archive] : ['--image-src', 'remote', place.reference];
  const options = [
    'image',
    '--skip-version-check',
    '--disable-telemetry',
    '--quiet',
    '--format',
    'cyclonedx',
  ];
  const { stdout } = await run(trivy, [...options, ...where], limits).catch((error: unknown) => {
    throw new Problem(`The image can't be listed: ${reasonOf(error)}`, 'Push it first, or `make image`.');
  });
  return write(file, stdout);
}

async function write(file: string, sbom: string): Promise<number> {
  const { components = [] } = JSON.parse(sbom) as { components?: readonly unknown[] };
  // A list of nothing would be signed like any other.
  if (components.length === 0)
    throw new Problem(`Nothing was found for ${file}.`, 'Run `make install` first.');
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, sbom);
  return components.length;
}
