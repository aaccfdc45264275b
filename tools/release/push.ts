import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Misuse, Problem } from '../../app/src/commands/problem.ts';
import { readSource } from '../lib/source.ts';
import { createEngine, findEngine } from '../lib/container-engine.ts';
import { createRegistry, type Registry, signIn } from '../lib/registry.ts';
import { checkArchitecture, wantedArchitecture } from './architecture.ts';
import { checkSignature, type Surroundings } from './check.ts';
import { createCosign } from './cosign.ts';

/** A registry that the caller's role may use. */
export async function openRegistry(
  { project, env }: Pick<Surroundings, 'project' | 'env'>,
  repository: string,
): Promise<Registry> {
  const crane = join(project, '.cache', 'bin', 'crane');
  await signIn(crane, repository, env);
  return createRegistry({ crane, repository, env });
}

/** Pushes what `make image` built, beside it the collector, and writes the image's reference by digest to a file. */
export async function push(surroundings: Surroundings, commit: string, record: string): Promise<void> {
  const { IMAGE_REPOSITORY: repository = '' } = surroundings.env;
  if (repository === '')
    throw new Misuse('IMAGE_REPOSITORY is not set.', 'Set it to repository_url of `make bootstrap`.');
  const registry = await openRegistry(surroundings, repository);
  const tag = `candidate-${commit}`;
  // Built once: a step that runs again must not put other content behind the commit's tag.
  const image = (await registry.find(tag)) ?? (await pushNew(surroundings, registry, tag));
  await copyCollector(surroundings, registry, repository);
  await mkdir(dirname(resolve(record)), { recursive: true });
  await writeFile(record, `${image}\n`);
  surroundings.say(`${image} (${tag})`);
}

/**
 * Puts the collector that runs beside each task where the task pulls it from: the service's own repository, at the digest of
 * app/collector/image.json. Terraform names that very digest, so it isn't signed: a signature would only make it pass for
 * an image of the service.
 */
export async function copyCollector(
  { project, env, say }: Surroundings,
  registry: Registry,
  repository: string,
): Promise<void> {
  const { TF_VAR_collector_image: named = '' } = env;
  if (named !== '') {
    say(`Tasks pull their collector from ${named}: none is copied.`);
    return;
  }
  const { source, digest } = JSON.parse(
    await readFile(join(project, 'app', 'collector', 'image.json'), 'utf8'),
  ) as { source: string; digest: string };
  // No rule of the repository expires this tag.
  const tag = `collector-${digest.replace('sha256:', '')}`;
  const present = (await registry.find(tag)) ?? (await registry.copy(`${source}@${digest}`, tag));
  if (present !== `${repository}@${digest}`)
    throw new Problem(
      `${tag} stands for ${present}, not for ${digest}.`,
      'A tag never moves: find out who put it there, then delete that tag (aws ecr batch-delete-image), and push again.',
    );
  say(`${present} (collector of each task)`);
}

async function pushNew({ project, env }: Surroundings, registry: Registry, tag: string): Promise<string> {
  const found = findEngine();
  const engine = found.name === 'buildah' ? createEngine('podman') : found;
  const name = `movies-api:${readSource(project, env).version}`;
  const built = await engine.run(['image', 'inspect', '--format', '{{.Architecture}}', name]);
  checkArchitecture(name, built, await wantedArchitecture(join(project, 'terraform'), env));
  const folder = await mkdtemp(join(tmpdir(), 'movies-api-push-'));
  try {
    const archive = join(folder, 'image.tar');
    await engine.run(['save', '--output', archive, name]);
    return await registry.push(archive, tag);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Fetches what runs, and sees that it still is what was signed. The scanners get the archive, and no credentials. */
export async function fetchDeployed(
  surroundings: Surroundings,
  { environment, image, archive }: { environment: string; image: string; archive: string },
): Promise<void> {
  const { env, say } = surroundings;
  await checkSignature({ environment, image }, { ...surroundings, cosign: createCosign(env) });
  const registry = await openRegistry(surroundings, image.split('@')[0] ?? '');
  await mkdir(dirname(archive), { recursive: true });
  await rm(archive, { force: true });
  await registry.pull(image, archive);
  say(`${environment} runs ${image}; it is in ${archive}`);
}
