import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from './container-engine.ts';
import { builtAt, type Source } from './source.ts';

export interface BuildOptions {
  readonly engine: Engine;
  readonly projectRoot: string;
  readonly tag: string;
  readonly source: Source;
  /** Where the source is published, for the image's label. */
  readonly sourceUrl?: string | undefined;
  /** Instead of the Dockerfile's pinned ones. */
  readonly bases?: { readonly base: string; readonly build: string } | undefined;
  /** Path of the Dockerfile; the project's own by default. */
  readonly dockerfile?: string;
  /** `linux/amd64` or `linux/arm64`, where it isn't that of this machine: then the engine needs emulation. */
  readonly platform?: string | undefined;
  /** Builds every layer anew. */
  readonly fresh?: boolean;
}

/**
 * Builds the image with any of the three engines. The same source and bases give the same digest: every time in it is that
 * of the commit. Rejects with the end of the engine's output.
 */
export async function buildImage(options: BuildOptions): Promise<void> {
  const { engine, tag } = options;
  await engine.run(buildArguments(options, certificates(process.env)), {
    DOCKER_BUILDKIT: '1',
    SOURCE_DATE_EPOCH: String(options.source.epoch),
  });
  if (engine.name !== 'docker') await normaliseImage(engine, tag);
}

/** The arguments of `docker build`, `podman build` or `buildah build`. */
export function buildArguments(options: BuildOptions, ca: string | undefined): string[] {
  const {
    engine,
    projectRoot,
    tag,
    source,
    sourceUrl,
    bases,
    dockerfile = `${projectRoot}/Dockerfile`,
    fresh = false,
    platform,
  } = options;
  const argumentsOfBuild = {
    VERSION: source.version,
    REVISION: source.commit,
    CREATED: builtAt(source),
    SOURCE_DATE_EPOCH: String(source.epoch),
    ...(sourceUrl === undefined ? {} : { SOURCE: sourceUrl }),
    ...(bases === undefined ? {} : { BASE_IMAGE: bases.base, BUILD_IMAGE: bases.build }),
  };
  return [
    'build',
    ...(engine.name === 'docker' ? [] : reproducibly(source)),
    ...(fresh ? ['--no-cache'] : []),
    ...(platform === undefined ? [] : ['--platform', platform]),
    ...(ca === undefined ? [] : ['--secret', `id=ca,src=${ca}`]),
    ...Object.entries(argumentsOfBuild).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
    '--network=host', // the build stage fetches packages; nothing is listened to
    '--tag',
    tag,
    '--file',
    dockerfile,
    projectRoot,
  ];
}

/** `--format docker`: OCI's own format has no place for HEALTHCHECK. */
const reproducibly = ({ epoch }: Source): string[] => [
  '--timestamp',
  String(epoch),
  '--format',
  'docker',
  '--layers',
];

/** The certificates that this machine trusts beyond the usual, such as those of a TLS-inspecting proxy. */
export const certificates = (environment: NodeJS.ProcessEnv): string | undefined =>
  [environment['NODE_EXTRA_CA_CERTS'], environment['SSL_CERT_FILE']].find(
    (file) => file !== undefined && existsSync(file),
  );

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
async function normaliseImage(engine: Engine, tag: string): Promise<void> {
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
