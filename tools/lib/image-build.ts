import { existsSync } from 'node:fs';
import type { Engine } from './container-engine.ts';
import { normaliseImage } from './image-normalise.ts';
import { builtAt, type Source } from './bundle/source.ts';

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
