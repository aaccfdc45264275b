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
