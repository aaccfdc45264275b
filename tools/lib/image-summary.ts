import type { Engine } from './container-engine.ts';

/** Sizes in bytes, unpacked. */
export interface ImageSummary {
  /** `sha256:…` of the image's configuration, which names every layer by its own digest. */
  readonly id: string;
  /** `sha256:…` of the manifest, what a registry would call it; absent where the engine keeps none. */
  readonly digest: string | undefined;
  readonly size: number;
  readonly layers: readonly { readonly digest: string; readonly size: number; readonly createdBy: string }[];
  readonly config: {
    readonly user: string;
    readonly entryPoint: readonly string[];
    readonly command: readonly string[];
    readonly environment: readonly string[];
    readonly labels: Readonly<Record<string, string>>;
    /** `CMD` and the program, `CMD-SHELL` and a line, or nothing. */
    readonly healthCheck: readonly string[];
  };
}

/** What an image in the storage of podman or docker is made of. Rejects when there is none of this name. */
export async function summarise(engine: Engine, image: string): Promise<ImageSummary> {
  const [inspected] = JSON.parse(await engine.run(['image', 'inspect', image])) as [Inspected];
  const history = ['history', '--no-trunc', '--human=false', '--format', '{{.Size}}\t{{.CreatedBy}}', image];
  const sized = (await engine.run(history))
    .split('\n')
    .map((line) => line.split('\t'))
    .map(([size = '', createdBy = '']) => ({
      size: readSize(size),
      createdBy: createdBy.replace(/\s+/g, ' '),
    }))
    .filter(({ size }) => size > 0)
    .reverse();
  const digests = inspected.RootFS.Layers;
  const { User, Entrypoint, Cmd, Env, Labels, Healthcheck } = inspected.Config;
  return {
    id: inspected.Id.startsWith('sha256:') ? inspected.Id : `sha256:${inspected.Id}`,
    digest: inspected.Digest,
    size: inspected.Size,
    layers: sized.map((layer, index) => ({ ...layer, digest: digests[index] ?? 'unknown' })),
    config: {
      user: User ?? '',
      entryPoint: Entrypoint ?? [],
      command: Cmd ?? [],
      environment: Env ?? [],
      labels: Labels ?? {},
      healthCheck: (inspected.HealthCheck ?? inspected.Healthcheck ?? Healthcheck)?.Test ?? [],
    },
  };
}

/** `6.96 MB` (podman has no other way to say it) or plain bytes (docker). */
function readSize(text: string): number {
  const [number = '0', unit = 'B'] = text.split(/\s|(?<=\d)(?=[a-zA-Z])/);
  return Math.round(Number(number) * 1000 ** Math.max(0, ['B', 'kB', 'MB', 'GB'].indexOf(unit)));
}

interface Inspected {
  readonly Id: string;
  readonly Digest?: string;
  readonly Size: number;
  readonly RootFS: { readonly Layers: readonly string[] };
  readonly Healthcheck?: { readonly Test?: readonly string[] };
  readonly HealthCheck?: { readonly Test?: readonly string[] };
  readonly Config: {
    readonly User?: string;
    readonly Entrypoint?: readonly string[] | null;
    readonly Cmd?: readonly string[] | null;
    readonly Env?: readonly string[];
    readonly Labels?: Readonly<Record<string, string>> | null;
    readonly Healthcheck?: { readonly Test?: readonly string[] };
  };
}

const neededLabels = ['title', 'version', 'revision', 'created', 'licenses', 'source'];
const secretName = /secret|password|token|private|access_key/i;

/** What must not be true of an image that is deployed: one sentence each, none when it is fine. */
export function imageFaults({ config }: ImageSummary): string[] {
  const missingLabels = neededLabels.filter((name) => !config.labels[`org.opencontainers.image.${name}`]);
  const shells = [config.entryPoint, config.command].filter((words) => /(^|\/)(ba)?sh$/.test(words[0] ?? ''));
  return [
    ...when(
      !/^[1-9]\d*(:\d+)?$/.test(config.user),
      `runs as "${config.user}": USER must be a number that isn't 0`,
    ),
    ...when(config.healthCheck[0] !== 'CMD', 'has no HEALTHCHECK in exec form'),
    ...when(shells.length > 0, 'starts through a shell: signals would not arrive'),
    ...when(missingLabels.length > 0, `lacks the labels ${missingLabels.join(', ')}`),
    ...config.environment
      .map((setting) => setting.split('=', 1)[0] ?? '')
      .filter((name) => secretName.test(name))
      .map((name) => `carries ${name}: no secret belongs into an image`),
  ];
}

const when = (isFault: boolean, sentence: string): string[] => (isFault ? [sentence] : []);

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(2).padStart(8)} MB`;

/** The digest, size and layers of an image as a small table. The base's layers come first. */
export function describeImage(tag: string, { id, digest, size, layers, config }: ImageSummary): string {
  return [
    `image   ${tag}`,
    `id      ${id}`,
    `digest  ${digest ?? 'given by the registry at the push'}`,
    `user    ${config.user}`,
    `size    ${megabytes(size).trim()} in ${layers.length} layers`,
    ...layers.map((layer) => `  ${megabytes(layer.size)}  ${layer.digest}  ${layer.createdBy.slice(0, 60)}`),
  ].join('\n');
}
