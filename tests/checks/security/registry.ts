import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { closeServer, listenOnLoopback } from '../../../app/src/local/listen.ts';
import { serveRegistry } from '../../../tools/sandbox/pipeline/image-registry.ts';
import { project } from './mistakes.ts';

const run = promisify(execFile);
export const goBinary = (name: string): string => join(project, '.cache', 'bin', name);

/** Two files of a key that cosign signs by, of this name in a folder. */
export async function makeKeyPair(folder: string, name: string) {
  const env = { ...process.env, COSIGN_PASSWORD: '' };
  await run(goBinary('cosign'), ['generate-key-pair', '--output-key-prefix', name], { cwd: folder, env });
  return { secret: join(folder, `${name}.key`), public: join(folder, `${name}.pub`) };
}

/** A registry on loopback. */
export interface LoopbackRegistry {
  readonly folder: string;
  /** Pushes an image that holds only these files, set as options of `crane mutate` say. Resolves with its reference by digest. */
  readonly push: (
    tag: string,
    files: Readonly<Record<string, string>>,
    settings?: readonly string[],
  ) => Promise<string>;
  readonly stop: () => Promise<void>;
}

export interface Kind {
  /** As a repository of ECR with immutable tags: a tag that is there is never written again. */
  readonly immutable?: boolean;
  /** Whether it lists what refers to an image, by the API of OCI 1.1, as ECR does. */
  readonly referrers?: boolean;
}

export async function startRegistry({
  immutable = false,
  referrers = false,
}: Kind = {}): Promise<LoopbackRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'registry-'));
  const { server, port } = await serveRegistry(goBinary('crane'));
  const edge = immutable || referrers ? await startEdge(port, { immutable, referrers }) : undefined;
  const repository = `${edge?.address ?? `127.0.0.1:${port}`}/movies-api`;
  // Never in a synchronous way: what stands in front of the registry is in this very process.
  const crane = async (...args: string[]) =>
    (await run(goBinary('crane'), args, { cwd: folder })).stdout.trim();

  return {
    folder,
    push: async (tag, files, settings = []) => {
      const content = join(folder, tag);
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(content, path)), { recursive: true });
        await writeFile(join(content, path), text);
      }
      await run('tar', ['cf', `${tag}.tar`, '-C', tag, '.'], { cwd: folder });
      const image = `${repository}:${tag}`;
      await crane('append', '--insecure', '--oci-empty-base', '-f', `${tag}.tar`, '-t', image);
      if (settings.length > 0) await crane('mutate', '--insecure', ...settings, '-t', image, image);
      return `${repository}@${await crane('digest', '--insecure', image)}`;
    },
    stop: async () => {
      await edge?.stop();
      server.kill();
      await rm(folder, { recursive: true });
    },
  };
}

/** What ECR does and crane's registry doesn't, in front of it. */
async function startEdge(port: number, { immutable, referrers }: Required<Kind>) {
  const tags = new Set<string>();
  const referring = new Map<string, object[]>();
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const { method, url = '', headers } = incoming;
    const body = await buffer(incoming);
    const [, kind = '', name = ''] = /^\/v2\/.+\/(manifests|referrers)\/([^/?]+)/.exec(url) ?? [];
    if (referrers && kind === 'referrers') {
      const mediaType = 'application/vnd.oci.image.index.v1+json';
      outgoing
        .writeHead(200, { 'content-type': mediaType })
        .end(JSON.stringify({ schemaVersion: 2, mediaType, manifests: referring.get(name) ?? [] }));
      return;
    }
    const isPut = method === 'PUT' && kind === 'manifests';
    if (isPut && immutable && tags.has(name)) {
      const message = `The image tag '${name}' already exists and cannot be overwritten because the repository is immutable.`;
      outgoing
        .writeHead(400, { 'content-type': 'application/json' })
        .end(JSON.stringify({ errors: [{ code: 'TAG_INVALID', message }] }));
      return;
    }
    if (isPut && !name.startsWith('sha256:')) tags.add(name);
    const subject = isPut && referrers ? refer(body, referring) : undefined;
    const call = send({ host: '127.0.0.1', port, method, path: url, headers }, (response) => {
      outgoing.writeHead(response.statusCode ?? 502, {
        ...response.headers,
        ...(subject === undefined ? {} : { 'oci-subject': subject }),
      });
      response.pipe(outgoing);
    });
    call.on('error', () => outgoing.writeHead(502).end());
    call.end(body);
  };
  const server = createServer((incoming, outgoing) => {
    void answer(incoming, outgoing);
  });
  const { url } = await listenOnLoopback(server, 0);
  return { address: url.replace('http://', ''), stop: () => closeServer(server) };
}

/** Remembers a manifest with the image that it is about. Resolves with that image's digest. */
function refer(body: Buffer, referring: Map<string, object[]>): string | undefined {
  const { subject, ...manifest } = JSON.parse(body.toString()) as {
    readonly mediaType: string;
    readonly artifactType?: string;
    readonly annotations?: object;
    readonly config?: { readonly mediaType: string };
    readonly subject?: { readonly digest: string };
  };
  if (subject === undefined) return undefined;
  const descriptor = {
    mediaType: manifest.mediaType,
    digest: `sha256:${createHash('sha256').update(body).digest('hex')}`,
    size: body.length,
    artifactType: manifest.artifactType ?? manifest.config?.mediaType,
    annotations: manifest.annotations,
  };
  referring.set(subject.digest, [...(referring.get(subject.digest) ?? []), descriptor]);
  return subject.digest;
}
