import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { runTool } from './run-tool.ts';

const foreign = new Set(['node_modules', '.git', '.cache', '.terraform', 'dist', 'reports', '.data']);

/** The files that belong to the project, tracked or new; what git ignores doesn't. Outside of git: all but the installed. */
export async function listFiles(root: string): Promise<readonly string[]> {
  if (existsSync(join(root, '.git'))) {
    const { code, stdout } = await runTool(
      'git',
      ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
      { cwd: root },
    );
    if (code === 0) {
      return stdout.split('\0').filter((file) => file !== '' && existsSync(join(root, file)));
    }
  }
  return walk(root, root);
}

async function walk(root: string, folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const lists = await Promise.all(
    entries
      .filter(({ name }) => !foreign.has(name))
      .map((entry) => {
        const path = join(folder, entry.name);
        return entry.isDirectory() ? walk(root, path) : Promise.resolve([relative(root, path)]);
      }),
  );
  return lists.flat().sort();
}

/** Does something with a copy of some files of the project, and removes it again. */
export async function withCopy<T>(
  root: string,
  files: readonly string[],
  work: (copy: string) => Promise<T>,
): Promise<T> {
  const copy = await mkdtemp(join(tmpdir(), 'copy-'));
  try {
    for (const file of files) await cp(join(root, file), join(copy, file));
    return await work(copy);
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}
