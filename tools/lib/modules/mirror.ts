import { cp, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  compareVersions,
  formatAddress,
  formatRelease,
  type ModuleAddress,
  type ModuleRelease,
} from './module-address.ts';
import { isMissing, Problem } from '../../../app/src/commands/problem.ts';

/** A directory of module releases as file trees: `<host>/<namespace>/<name>/<provider>/<version>/…`. */
export interface Mirror {
  readonly directory: string;
  /** Every release, sorted by address and version; none when the directory doesn't exist. */
  list(): Promise<ModuleRelease[]>;
  /** The versions of one module, oldest first. */
  versions(address: ModuleAddress): Promise<string[]>;
  /** Where the tree of a release is, or nothing when the mirror hasn't got it. */
  find(release: ModuleRelease): Promise<string | undefined>;
  /** Where the tree of a release is; throws a Problem that says how to add it. */
  get(release: ModuleRelease): Promise<string>;
  /** Puts a release in place in one step, so that nobody reads half of it. `fill` writes the tree. */
  add(release: ModuleRelease, fill: (tree: string) => Promise<void>): Promise<string>;
}

export function createMirror(directory: string): Mirror {
  const pathOf = ({ address, version }: ModuleRelease): string =>
    join(directory, formatAddress(address), version);

  const find = async (release: ModuleRelease): Promise<string | undefined> =>
    (await isDirectory(pathOf(release))) ? pathOf(release) : undefined;

  const versions = async (address: ModuleAddress): Promise<string[]> =>
    (await subdirectories(join(directory, formatAddress(address)))).sort(compareVersions);

  return {
    directory,
    find,
    versions,
    list: async () => {
      const releases: ModuleRelease[] = [];
      for (const host of await subdirectories(directory))
        for (const namespace of await subdirectories(join(directory, host)))
          for (const name of await subdirectories(join(directory, host, namespace)))
            for (const provider of await subdirectories(join(directory, host, namespace, name))) {
              const address = { host, namespace, name, provider };
              releases.push(...(await versions(address)).map((version) => ({ address, version })));
            }
      return releases;
    },
    get: async (release) => {
      const tree = await find(release);
      if (tree !== undefined) return tree;
      throw new Problem(
        `${formatRelease(release)} is not in the mirror ${directory}`,
        'add it with `npm run modules -- add` from a clone (--clone) or from an initialised working directory (--root)',
      );
    },
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
export async function copyTree(from: string, to: string): Promise<void> {
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
