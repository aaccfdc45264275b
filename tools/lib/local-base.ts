import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Engine } from './container-engine.ts';
import { nodeVersion, nodePrograms } from '../install/node-programs.ts';

const run = promisify(execFile);
/** Changes when the recipe below does, so that an image of an older recipe isn't taken for it. */
const recipe = 2;
const libraries = ['libc6', 'libgcc-s1', 'libstdc++6'];

export interface BaseImages {
  /** Node.js, its libraries, and nothing else: no shell. */
  readonly base: string;
  /** The same with npm and BusyBox, for the build stage. */
  readonly build: string;
}

const tag = `node${nodeVersion}-${recipe}`;
const images: BaseImages = {
  base: `localhost/movies-api-base:${tag}`,
  build: `localhost/movies-api-build:${tag}`,
};

/** Whether they were made here before. */
export const hasLocalBaseImages = async (engine: Engine): Promise<boolean> =>
  (await exists(engine, images.base)) && (await exists(engine, images.build));

/**
 * Base images for machines that can't pull any, laid out like distroless: from this Debian's packages and npm's Node.js.
 * Made once, kept in the engine's storage, never pushed: production is built on the pinned base of the Dockerfile.
 * Rejects where apt-get, dpkg-deb or the packages aren't to be had.
 */
export async function localBaseImages(engine: Engine, say: (line: string) => void): Promise<BaseImages> {
  if (await hasLocalBaseImages(engine)) return images;

  say('making the local base images, once');
  const folder = await mkdtemp(join(tmpdir(), 'movies-api-base-'));
  try {
    const { program, npm } = nodePrograms();
    await makeBase(join(folder, 'base'), program);
    await makeBuild(join(folder, 'build'), npm);
    await makeImage(engine, join(folder, 'base'), 'scratch', images.base);
    await makeImage(engine, join(folder, 'build'), images.base, images.build);
    return images;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function makeBase(root: string, node: string): Promise<void> {
  await unpack(root, libraries);
  await rm(join(root, 'usr/share'), { recursive: true, force: true });
  for (const name of await findFolders(root, 'gconv')) await rm(name, { recursive: true });
  await mkdir(join(root, 'nodejs/bin'), { recursive: true });
  await cp(node, join(root, 'nodejs/bin/node'));
  await mkdir(join(root, 'etc'), { recursive: true });
  await writeFile(
    join(root, 'etc/passwd'),
    'root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532::/:/sbin/nologin\n',
  );
  await writeFile(join(root, 'etc/group'), 'root:x:0:\nnonroot:x:65532:\n');
  await cp('/etc/os-release', join(root, 'etc/os-release'), { dereference: true });
  // Trivy takes the system from it, as distroless has it; without it no package of the system is looked up.
  await cp('/etc/debian_version', join(root, 'etc/debian_version'));
  await mkdir(join(root, 'tmp'));
  await chmod(join(root, 'tmp'), 0o1777);
}

async function makeBuild(root: string, npm: string): Promise<void> {
  await unpack(root, ['busybox-static']);
  await rm(join(root, 'usr/share'), { recursive: true, force: true });
  await mkdir(join(root, 'usr/bin'), { recursive: true });
  await symlink('/bin/busybox', join(root, 'bin/sh'));
  await symlink('/bin/busybox', join(root, 'usr/bin/env'));
  await cp(npm, join(root, 'nodejs/lib/npm'), { recursive: true });
  await mkdir(join(root, 'nodejs/bin'), { recursive: true });
  await symlink('../lib/npm/bin/npm-cli.js', join(root, 'nodejs/bin/npm'));
}

/** Unpacks Debian packages, and leaves their descriptions where image scanners look for those of distroless. */
async function unpack(root: string, packages: readonly string[]): Promise<void> {
  const downloads = `${root}.debs`;
  const descriptions = join(root, 'var/lib/dpkg/status.d');
  await mkdir(downloads, { recursive: true });
  await mkdir(descriptions, { recursive: true });
  await run('apt-get', ['download', '-qq', ...packages], { cwd: downloads });
  for (const file of (await readdir(downloads)).sort()) {
    await run('dpkg-deb', ['--extract', join(downloads, file), root]);
    const { stdout } = await run('dpkg-deb', ['--field', join(downloads, file)]);
    await writeFile(join(descriptions, file.split('_', 1)[0] ?? file), stdout);
  }
}

async function findFolders(root: string, name: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && entry.name === name)
    .map((entry) => join(entry.parentPath, entry.name));
}

async function makeImage(engine: Engine, root: string, from: string, tag: string): Promise<void> {
  const containerfile = `${root}.Containerfile`;
  await writeFile(containerfile, `FROM ${from}\nCOPY . /\nENV PATH=/nodejs/bin:/usr/bin:/bin\n`);
  const build = engine.name === 'docker' ? ['build'] : ['build', '--timestamp', '0', '--format', 'docker'];
  await engine.run([...build, '--quiet', '--tag', tag, '--file', containerfile, root]);
}

const exists = (engine: Engine, image: string): Promise<boolean> =>
  engine.run(['inspect', '--type', 'image', image]).then(
    () => true,
    () => false,
  );
