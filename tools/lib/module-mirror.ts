import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isMissing, Misuse, Problem } from '../../app/src/commands/problem.ts';
import { closeServer, listenOnLoopback } from '../../app/src/local/listen.ts';
import {
  formatAddress,
  formatRelease,
  type ModuleAddress,
  type ModuleRelease,
  publicRegistry,
  readInstalledPackages,
} from './module-releases.ts';
import { gitTreeHash, readTree } from './module-tree.ts';
import { output } from './processes.ts';

/** A directory of module releases as file trees: `<host>/<namespace>/<name>/<provider>/<version>/…`. */
export interface Mirror {
  readonly directory: string;
  /** The versions of one module. */
  versions(address: ModuleAddress): Promise<string[]>;
  /** Where the tree of a release is, or nothing when the mirror hasn't got it. */
  find(release: ModuleRelease): Promise<string | undefined>;
  /** Puts a release in place in one step, so that nobody reads half of it. `fill` writes the tree. */
  add(release: ModuleRelease, fill: (tree: string) => Promise<void>): Promise<string>;
}

export function createMirror(directory: string): Mirror {
  const pathOf = ({ address, version }: ModuleRelease): string =>
    join(directory, formatAddress(address), version);

  const find = async (release: ModuleRelease): Promise<string | undefined> =>
    (await isDirectory(pathOf(release))) ? pathOf(release) : undefined;

  const versions = (address: ModuleAddress): Promise<string[]> =>
    subdirectories(join(directory, formatAddress(address)));

  return {
    directory,
    find,
    versions,
    add: async (release, fill) => {
      const target = pathOf(release);
      await mkdir(dirname(target), { recursive: true });
      const unfinished = await mkdtemp(join(dirname(target), '.unfinished-'));
      try {
        await fill(unfinished);
        await rm(target, { recursive: true, force: true });
        await rename(unfinished, target);
      } finally {
        await rm(unfinished, { recursive: true, force: true });
      }
      return target;
    },
  };
}

/** Copies a tree without git's own directory; links stay links. */
async function copyTree(from: string, to: string): Promise<void> {
  await cp(from, to, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !path.startsWith(join(from, '.git', '')) && path !== join(from, '.git'),
  });
}

async function subdirectories(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      .sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

const versionsPath = /^\/v1\/modules\/([^/]+)\/([^/]+)\/([^/]+)\/versions$/;
const downloadPath = /^\/v1\/modules\/([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)\/download$/;
const archivePath = /^\/archives\/([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)\.tar\.gz$/;

/**
 * Serves a mirror on loopback over the module registry protocol
 * (https://developer.hashicorp.com/terraform/internals/module-registry-protocol). An archive is the whole release tree.
 */
export async function serveMirror(mirror: Mirror): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    answer(mirror, request, response).catch((error: unknown) => {
      // The archive may be half sent: only a broken connection tells the client so.
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  });
  const { url } = await listenOnLoopback(server, 0);
  return { url, close: async () => (server.listening ? closeServer(server) : undefined) };
}

async function answer(mirror: Mirror, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { host } = request.headers;
  const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
  const listed = versionsPath.exec(pathname);
  if (listed) {
    const versions = await mirror.versions(addressFrom(listed));
    if (versions.length === 0) {
      refuse(response);
      return;
    }
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ modules: [{ versions: versions.map((version) => ({ version })) }] }));
    return;
  }
  const download = downloadPath.exec(pathname);
  if (download) {
    const [, namespace, name, provider, version = ''] = download;
    if ((await mirror.find({ address: addressFrom(download), version })) === undefined) {
      refuse(response);
      return;
    }
    const archive = `/archives/${[namespace, name, provider, version].join('/')}.tar.gz?archive=tar.gz`;
    response.writeHead(204, { 'x-terraform-get': `http://${host ?? '127.0.0.1'}${archive}` }).end();
    return;
  }
  const archive = archivePath.exec(pathname);
  const tree = archive && (await mirror.find({ address: addressFrom(archive), version: archive[4] ?? '' }));
  if (!tree) {
    refuse(response);
    return;
  }
  response.setHeader('content-type', 'application/gzip');
  if (request.method === 'HEAD') response.end();
  else await sendArchive(tree, response);
}

async function sendArchive(tree: string, response: ServerResponse): Promise<void> {
  const tar = spawn('tar', ['-czf', '-', '-C', tree, '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const finished = new Promise<number | null>((resolve, reject) => {
    tar.once('error', reject);
    tar.once('close', resolve);
  });
  await pipeline(tar.stdout, response, { end: false });
  const code = await finished;
  if (code !== 0) throw new Error(`tar ended with ${code ?? 'a signal'}`);
  response.end();
}

function addressFrom([, namespace = '', name = '', provider = '']: RegExpExecArray): ModuleAddress {
  return { host: publicRegistry, namespace, name, provider };
}

function refuse(response: ServerResponse): void {
  response
    .writeHead(404, { 'content-type': 'application/json' })
    .end(JSON.stringify({ errors: ['The module mirror has no such module release.'] }));
}

/**
 * Adds a release from a git clone (bare or not, never written to), by tag: the whole tree of the tag's commit, which is
 * what the public registry's download is. Fails when the checkout isn't the tree (a submodule, a filter in .gitattributes).
 */
export async function addFromClone(
  mirror: Mirror,
  release: ModuleRelease,
  clone: string,
  tag = `v${release.version}`,
): Promise<string> {
  const scratch = await mkdtemp(join(tmpdir(), 'module-index-'));
  // Ownership says nothing about a clone that is only read; its own index stays as it is.
  const git = async (tree: string, ...args: string[]): Promise<string> => {
    const prefix = [
      '-C',
      clone,
      '-c',
      'safe.directory=*',
      '-c',
      'core.autocrlf=false',
      '-c',
      'core.bare=false',
      `--work-tree=${tree}`,
    ];
    const env = { ...process.env, GIT_INDEX_FILE: join(scratch, 'index') };
    return output('git', [...prefix, ...args], { env });
  };
  try {
    const expected = await git(scratch, 'rev-parse', '--verify', '--quiet', `refs/tags/${tag}^{tree}`).catch(
      () => {
        throw new Misuse(
          `${clone} is no git clone with the tag ${tag}`,
          `fetch it with \`git fetch origin tag ${tag}\`, or name another with --tag`,
        );
      },
    );
    return await mirror.add(release, async (tree) => {
      await git(tree, 'read-tree', expected);
      await git(tree, 'checkout-index', '--all', '--force', `--prefix=${tree}/`);
      const actual = gitTreeHash(await readTree(tree));
      if (actual !== expected) {
        throw new Problem(
          `the files of ${formatRelease(release)} have the tree ${actual}, its tag has ${expected}`,
          'the tag has submodules or filters: it can only be added from an initialised working directory',
        );
      }
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Adds every registry module of an initialised working directory. */
export async function addFromWorkingDirectory(mirror: Mirror, root: string): Promise<ModuleRelease[]> {
  const packages = await fullestPackages([root]);
  for (const { release, tree } of packages) await mirror.add(release, (target) => copyTree(tree, target));
  return packages.map(({ release }) => release);
}

/**
 * Each release that is installed in the working directories, once. Terraform copies a package without its dot files when
 * a second call uses it, so the fullest copy is taken.
 */
export async function fullestPackages(
  roots: readonly string[],
): Promise<{ release: ModuleRelease; tree: string }[]> {
  const fullest = new Map<string, { release: ModuleRelease; tree: string; files: number }>();
  const packages = await Promise.all(roots.map((root) => readInstalledPackages(root)));
  for (const { release, tree } of packages.flat()) {
    const files = (await readTree(tree)).length;
    const known = fullest.get(formatRelease(release));
    if (known === undefined || known.files < files)
      fullest.set(formatRelease(release), { release, tree, files });
  }
  return [...fullest.values()];
}
