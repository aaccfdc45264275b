import { execFile } from 'node:child_process';
import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Problem } from '../../../app/src/commands/problem.ts';

const run = promisify(execFile);

/** The repository as Bitbucket would hold it: committed work only. */
export interface Hub {
  /** A bare repository. */
  readonly path: string;
  readonly head: () => Promise<string>;
  readonly read: (file: string) => Promise<string>;
  /** Commits a change on top of what was good, and makes it `main`. Resolves with the commit. */
  readonly propose: (message: string, change: Change) => Promise<string>;
  /** Makes `main` what it was at first. */
  readonly restore: () => Promise<void>;
}

export interface Change {
  readonly file: string;
  /** Replaced once; without it `text` is appended, and the file made when it isn't there. */
  readonly instead?: string;
  readonly text: string;
}

export async function createHub(project: string, home: string): Promise<Hub> {
  const [path, work] = [join(home, 'repository.git'), join(home, 'work')];
  await rm(home, { recursive: true, force: true });
  await mkdir(home, { recursive: true });
  const git = async (cwd: string, ...args: readonly string[]): Promise<string> =>
    (await run('git', [...author, ...args], { cwd })).stdout;
  await git(home, 'init', '--quiet', '--bare', '--initial-branch=main', path);
  await git(project, 'push', '--quiet', path, 'HEAD:refs/heads/main');
  const good = (await git(path, 'rev-parse', 'main')).trim();
  const restore = async (): Promise<void> => {
    await git(path, 'update-ref', 'refs/heads/main', good);
  };
  return {
    path,
    head: async () => (await git(path, 'rev-parse', 'main')).trim(),
    read: (file) => git(path, 'show', `main:${file}`),
    restore,
    propose: async (message, change) => {
      await restore();
      await rm(work, { recursive: true, force: true });
      await git(home, 'clone', '--quiet', path, work);
      await apply(join(work, change.file), change);
      await git(work, 'add', '--all');
      await git(work, 'commit', '--quiet', `--message=${message}`);
      await git(work, 'push', '--quiet', 'origin', 'HEAD:main');
      return (await git(work, 'rev-parse', 'HEAD')).trim();
    },
  };
}

async function apply(file: string, { instead, text }: Change): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  if (instead === undefined) {
    await appendFile(file, text);
    return;
  }
  const before = await readFile(file, 'utf8');
  if (!before.includes(instead))
    throw new Problem(
      `${file} holds no "${instead}".`,
      'Mend the change in tools/sandbox/pipeline/scenarios.',
    );
  await writeFile(file, before.replace(instead, text));
}

const author = ['-c', 'user.name=pipeline-local', '-c', 'user.email=pipeline-local@localhost'];
