import { chmod, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { gitTreeHash, readTree } from '../../../tools/lib/module-tree.ts';
import { createClone, git, writeFiles } from './fixture.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'file-tree-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('the hash of a file tree', () => {
  test('a tree with directories, dot files, a script and a link hashes to what git computes', async () => {
    // A directory sorts as if it ended in a slash: `a.b` comes before `a/`, and `a0` after it.
    await writeFiles(directory, {
      'a/x': '1',
      'a.b': '2',
      a0: '3',
      'a/é/ü': '4',
      '.hidden/y': '5',
      'run.sh': '#!/bin/sh\n',
    });
    await chmod(join(directory, 'run.sh'), 0o755);
    await symlink('a/x', join(directory, 'link'));
    await createClone(directory, { 'last.txt': '' });

    const hash = gitTreeHash(await readTree(directory));

    expect(hash).toBe(git(directory, 'rev-parse', 'HEAD^{tree}'));
  });

  test('one changed byte changes it', async () => {
    await writeFiles(directory, { 'modules/bed/main.tf': 'a' });
    const before = gitTreeHash(await readTree(directory));
    await writeFiles(directory, { 'modules/bed/main.tf': 'b' });

    expect(gitTreeHash(await readTree(directory))).not.toBe(before);
  });

  test('permissions other than executable do not count', async () => {
    await writeFiles(directory, { 'main.tf': 'a' });
    const before = gitTreeHash(await readTree(directory));
    await chmod(join(directory, 'main.tf'), 0o600);

    expect(gitTreeHash(await readTree(directory))).toBe(before);
  });
});
