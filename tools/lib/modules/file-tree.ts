import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** A file of a module's tree. Paths are relative, with `/`. */
export interface TreeFile {
  readonly path: string;
  readonly kind: 'file' | 'executable' | 'symlink';
  readonly content: Buffer;
}

/**
 * The normalised tree of a directory, sorted by path: what git would track of it, and nothing that depends on how it
 * came here. Git's own directory is left out; owners, times, and permissions other than "executable" don't count; a
 * link is its target's name and is not followed.
 */
export async function readTree(directory: string): Promise<TreeFile[]> {
  const files = await readLevel(directory, '');
  return files.sort((left, right) => compareBytes(left.path, right.path));
}

async function readLevel(directory: string, prefix: string): Promise<TreeFile[]> {
  const names = (await readdir(directory)).filter((name) => prefix !== '' || name !== '.git');
  const files = await Promise.all(names.map((name) => readEntry(join(directory, name), `${prefix}${name}`)));
  return files.flat();
}

async function readEntry(absolute: string, path: string): Promise<TreeFile[]> {
  const status = await lstat(absolute);
  if (status.isDirectory()) return readLevel(absolute, `${path}/`);
  if (status.isSymbolicLink())
    return [{ path, kind: 'symlink', content: Buffer.from(await readlink(absolute)) }];
  return [
    { path, kind: (status.mode & 0o100) === 0 ? 'file' : 'executable', content: await readFile(absolute) },
  ];
}

/** The 40 hex digits that `git rev-parse <commit>^{tree}` prints for these files. */
export function gitTreeHash(files: readonly TreeFile[]): string {
  return hashLevel(files, 0).toString('hex');
}

const gitModes = { file: '100644', executable: '100755', symlink: '120000' } as const;

function hashLevel(files: readonly TreeFile[], depth: number): Buffer {
  const entries = new Map<string, { mode: string; hash: Buffer }>();
  const directories = new Map<string, TreeFile[]>();
  for (const file of files) {
    const [name = '', ...below] = file.path.split('/').slice(depth);
    if (below.length === 0)
      entries.set(name, { mode: gitModes[file.kind], hash: hashObject('blob', file.content) });
    else directories.set(name, [...(directories.get(name) ?? []), file]);
  }
  for (const [name, below] of directories)
    entries.set(`${name}/`, { mode: '40000', hash: hashLevel(below, depth + 1) });
  // Git sorts a directory as if its name ended in a slash.
  const sorted = [...entries].sort(([left], [right]) => compareBytes(left, right));
  const parts = sorted.flatMap(([name, { mode, hash }]) => [
    Buffer.from(`${mode} ${name.replace(/\/$/, '')}\0`),
    hash,
  ]);
  return hashObject('tree', Buffer.concat(parts));
}

function hashObject(type: string, content: Buffer): Buffer {
  return createHash('sha1').update(`${type} ${content.length}\0`).update(content).digest();
}

function compareBytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
