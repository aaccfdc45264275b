import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { Misuse, Problem } from '../../app/src/commands/problem.ts';
import { output } from '../lib/processes.ts';
import { createRegistry, findImage, type ScannedImage } from '../lib/registry.ts';
import { platformOf, wantedArchitecture, type Architecture } from './architecture.ts';
import { checkPlatform, type Surroundings } from './check.ts';
import { createCosign } from './cosign.ts';
import { checkProvenance, describeBuild, writeProvenance, type Labels } from './provenance.ts';

/** Signs an image by its digest with the key that SIGNING_KEY names, and attaches its bills of materials and its provenance, signed. */
export async function sign(surroundings: Surroundings, image: string): Promise<void> {
  const { project, env, say } = surroundings;
  if (!/@sha256:[0-9a-f]{64}$/.test(image))
    throw new Misuse(`${image} is not a digest.`, 'A tag can be moved.');
  const key = env['SIGNING_KEY'] ?? '';
  if (key === '' || key === 'none')
    throw new Misuse(
      'SIGNING_KEY names no key.',
      'A file, or awskms:///… (output signing_key of terraform/bootstrap).',
    );
  const wanted = await wantedArchitecture(join(project, 'terraform'), env);
  await checkPlatform(image, wanted, surroundings);
  const provenance = await describeBuild(project, await labelsOf(surroundings, image, wanted), env);
  // A deployment would refuse it: nothing is signed that nobody could deploy.
  await checkProvenance(image, [provenance], surroundings);
  const provenanceFile = join(project, 'reports', 'security', 'provenance.json');
  await writeProvenance(provenanceFile, provenance);
  await listParts(surroundings, image);
  const cosign = createCosign(env);
  await cosign.sign(image, key);
  for (const subject of ['image', 'repository'] as const)
    await cosign.attest(image, key, billOfMaterials(project, subject));
  await cosign.attest(image, key, provenanceFile, 'slsaprovenance1');
  say(`Signed ${image}, both bills of materials and its provenance`);
}

/** What `make image` wrote into the image itself. */
async function labelsOf(
  { project, env }: Surroundings,
  image: string,
  wanted: Architecture,
): Promise<Labels> {
  const [repository = ''] = image.split('@');
  const registry = createRegistry({ crane: join(project, '.cache', 'bin', 'crane'), repository, env });
  const labels = await registry.labels(image, platformOf(wanted));
  const label = (name: string): string => labels[`org.opencontainers.image.${name}`] ?? '';
  return { revision: label('revision'), base: label('base.name') };
}

/** Writes both bills of materials. */
async function listParts({ project, say }: Surroundings, name: string): Promise<void> {
  const image = await findImage(project, name);
  if ('missing' in image) throw new Problem(image.missing, 'Name an image that was pushed: make push');
  const [own, ofImage] = [billOfMaterials(project, 'repository'), billOfMaterials(project, 'image')];
  say(`${await writeRepositorySbom(project, own)} components: ${relative(project, own)}`);
  say(`${await writeImageSbom(project, ofImage, image.place)} components: ${relative(project, ofImage)}`);
}

const billOfMaterials = (project: string, subject: 'image' | 'repository'): string =>
  join(project, 'reports', 'security', `${subject}.cdx.json`);

/** CycloneDX of the repository: every package of package-lock.json, tools included. Resolves with how many there are. */
export const writeRepositorySbom = async (project: string, file: string): Promise<number> =>
  write(
    file,
    await output('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], { cwd: project }),
  );

/**
 * CycloneDX of an image: packages of the base, and those in the bundle, which third-party.cdx.json lists. In a registry the
 * image is named by its digest. Resolves with how many components there are.
 */
export async function writeImageSbom(
  project: string,
  file: string,
  place: ScannedImage['place'],
): Promise<number> {
  const trivy = join(project, '.cache', 'bin', 'trivy');
  if (!existsSync(trivy))
    throw new Problem('trivy is not built: no image can be listed.', 'make tools (or make .cache/bin/trivy)');
  const where = 'archive' in place ? ['--input', place.archive] : ['--image-src', 'remote', place.reference];
  const options = ['--skip-version-check', '--disable-telemetry', '--quiet', '--format', 'cyclonedx'];
  return write(file, await output(trivy, ['image', ...options, ...where], { cwd: project }));
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
