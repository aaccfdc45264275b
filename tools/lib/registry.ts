import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { Problem, reasonOf } from '../../app/src/commands/problem.ts';
import { createEngine, findEngine } from './container-engine.ts';
import { readSource } from './source.ts';

const run = promisify(execFile);
const timeoutMs = 600_000;

/** One repository of an image registry. */
export interface Registry {
  /** Pushes a docker-archive under a tag. Resolves with its reference by digest. */
  readonly push: (archive: string, tag: string) => Promise<string>;
  /** Writes an image to a docker-archive. */
  readonly pull: (reference: string, archive: string) => Promise<void>;
  /** The reference by digest that a tag stands for; undefined when there is no such tag. */
  readonly find: (tag: string) => Promise<string | undefined>;
  /** The processor that an image's own configuration names, such as `amd64`; of an index, that of the platform's image. */
  readonly architecture: (reference: string, platform: string) => Promise<string>;
  /** What the image's own configuration says of it. */
  readonly labels: (reference: string, platform: string) => Promise<Readonly<Record<string, string>>>;
  /** Copies an image of another repository, all its platforms, under a tag. Resolves with its reference by digest. */
  readonly copy: (reference: string, tag: string) => Promise<string>;
  /** Adds a tag to what is there. Tags never move: rejects when the tag stands for something else. */
  readonly addTag: (reference: string, tag: string) => Promise<void>;
}

export interface RegistryOptions {
  /** Path of crane. */
  readonly crane: string;
  /** Host and name, without tag. */
  readonly repository: string;
  readonly env: NodeJS.ProcessEnv;
}

export function createRegistry({ crane, repository, env }: RegistryOptions): Registry {
  const call = async (...args: readonly string[]): Promise<string> =>
    (await run(crane, args, { env, timeout: timeoutMs })).stdout.trim();

  const find = async (tag: string): Promise<string | undefined> => {
    try {
      return `${repository}@${await call('digest', `${repository}:${tag}`)}`;
    } catch (error) {
      if (/MANIFEST_UNKNOWN|NAME_UNKNOWN|404/.test(String(error))) return undefined;
      throw new Problem(`${repository} can't be read: ${reasonOf(error)}`, 'Check address and credentials.');
    }
  };

  interface Config {
    readonly architecture?: string;
    readonly config?: { readonly Labels?: Readonly<Record<string, string>> | null };
  }
  const configOf = async (reference: string, platform: string): Promise<Config> =>
    JSON.parse(
      await call('config', '--platform', platform, reference).catch((error: unknown) => {
        throw new Problem(
          `What ${reference} is built for can't be read: ${reasonOf(error)}`,
          'Check address and credentials; crane comes with `make tools` (or make .cache/bin/crane).',
        );
      }),
    ) as Config;

  return {
    find,
    push: async (archive, tag) => {
      await call('push', archive, `${repository}:${tag}`);
      return `${repository}@${await call('digest', `${repository}:${tag}`)}`;
    },
    pull: async (reference, archive) => {
      await call('pull', reference, archive);
    },
    architecture: async (reference, platform) => (await configOf(reference, platform)).architecture ?? '',
    labels: async (reference, platform) => (await configOf(reference, platform)).config?.Labels ?? {},
    copy: async (reference, tag) => {
      await call('copy', reference, `${repository}:${tag}`).catch((error: unknown) => {
        throw new Problem(
          `${reference} can't be copied: ${reasonOf(error)}`,
          'Check address and credentials.',
        );
      });
      return `${repository}@${await call('digest', `${repository}:${tag}`)}`;
    },
    addTag: async (reference, tag) => {
      const present = await find(tag);
      if (present === reference) return;
      if (present !== undefined)
        throw new Problem(
          `${tag} stands for ${present} already.`,
          'A tag never moves: deploy another commit.',
        );
      await call('tag', reference, tag);
    },
  };
}

/** Signs crane in to Amazon's registry by the caller's role. Other registries (loopback) are left as they are. */
export async function signIn(crane: string, repository: string, env: NodeJS.ProcessEnv): Promise<void> {
  const [host = ''] = repository.split('/');
  const region = /^\d{12}\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com$/.exec(host)?.[1];
  if (region === undefined) return;
  const { authorizationData: [granted] = [] } = await new ECRClient({ region }).send(
    new GetAuthorizationTokenCommand({}),
  );
  const password = Buffer.from(granted?.authorizationToken ?? '', 'base64')
    .toString()
    .replace(/^AWS:/, '');
  const login = run(crane, ['auth', 'login', host, '--username', 'AWS', '--password-stdin'], { env });
  login.child.stdin?.end(password);
  await login;
}

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
  const found = findEngine();
  const engine = found.name === 'buildah' ? createEngine('podman') : found;
  const archive = join(root, '.cache', 'security', 'image.tar');
  await mkdir(join(root, '.cache', 'security'), { recursive: true });
  await rm(archive, { force: true });
  const format = engine.name === 'docker' ? [] : ['--format', 'docker-archive'];
  await engine.run(['save', ...format, '--output', archive, name]);
  return archive;
}
