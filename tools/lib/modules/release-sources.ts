import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gitTreeHash, readTree } from './file-tree.ts';
import { readInstalledPackages } from './manifest.ts';
import { copyTree, type Mirror } from './mirror.ts';
import { formatRelease, type ModuleRelease } from './module-address.ts';
import { Misuse, Problem } from '../../../app/src/commands/problem.ts';

const run = promisify(execFile);

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
    const { stdout } = await run('git', [...prefix, ...args], { env });
    return stdout.trim();
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
