import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, cp, mkdir, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Misuse, Problem } from '../../../app/src/commands/problem.ts';
import { type Definition, listOf, type Settings, settingsOf, textOf } from '../../lib/pipeline-definition.ts';

/** A step as it will be run. */
export interface PlannedStep {
  readonly name: string;
  readonly settings: Settings;
  readonly script: readonly string[];
  readonly deployment: string | undefined;
  readonly wantsToken: boolean;
  readonly isManual: boolean;
  readonly maxMinutes: number;
}

const defaultMinutes = 120;

/** Settings of a step that are obeyed here, or decide nothing here. */
const known =
  /^(name|size|max-time|caches|script|artifacts|clone|services|deployment|concurrency-group|oidc|trigger)$/;

/**
 * What runs after what in a pipeline such as `branches/main`, and what side by side. Throws `Misuse` for anything that it doesn't
 * know: to leave out a step or a setting in silence would be worse.
 */
export function readStages({ content }: Definition, pipeline: string): readonly (readonly PlannedStep[])[] {
  const [group = '', ...rest] = pipeline.split('/');
  const items = settingsOf(settingsOf(content['pipelines'])[group])[rest.join('/')];
  if (!Array.isArray(items))
    throw new Misuse(
      `bitbucket-pipelines.yml has no pipeline ${pipeline}.`,
      'Name one like branches/main, pull-requests/** or custom/rollback-dev.',
    );
  const minutes = Number(settingsOf(content['options'])['max-time'] ?? defaultMinutes);
  return items
    .filter((item) => !('variables' in settingsOf(item)))
    .map((item) => {
      const { step, parallel, ...unknown } = settingsOf(item);
      const { steps = [item], 'fail-fast': failsFast = false, ...others } = settingsOf(parallel);
      refuse('pipeline', [
        ...Object.keys({ ...unknown, ...others }),
        ...(failsFast === false ? [] : ['fail-fast']),
      ]);
      return listOf(steps).map((one) => readStep(settingsOf(settingsOf(one)['step']), minutes));
    });
}

function refuse(what: string, [name]: readonly string[]): void {
  if (name === undefined) return;
  throw new Misuse(
    `A ${what} holds ${name}, which can't be run here.`,
    'Leave it out, or teach tools/sandbox/pipeline.',
  );
}

function readStep(settings: Settings, minutes: number): PlannedStep {
  const name = textOf(settings['name']) ?? '(no name)';
  refuse(
    'step',
    Object.keys(settings).filter((key) => !known.test(key)),
  );
  const script = listOf(settings['script']).map((line) => {
    if (typeof line === 'string') return line;
    throw new Misuse(
      `A script holds ${JSON.stringify(line)}.`,
      'Lines of a shell only: pipes are not run here.',
    );
  });
  if (script.length === 0) throw new Misuse(`The step ${name} has no script.`, 'See `make check`.');
  return {
    name,
    settings,
    script,
    deployment: textOf(settings['deployment']),
    wantsToken: settings['oidc'] === true,
    isManual: settings['trigger'] === 'manual',
    maxMinutes: Number(settings['max-time'] ?? minutes),
  };
}

const run = promisify(execFile);

/** Clones a branch as a step gets it: committed files only, as deep as the step says, or else the pipeline. */
export async function cloneInto(
  folder: string,
  repository: string,
  { content }: Definition,
  step: Settings = {},
): Promise<void> {
  const { depth } = { ...settingsOf(content['clone']), ...settingsOf(step['clone']) };
  const shallow = typeof depth === 'number' ? [`--depth=${depth}`] : [];
  await mkdir(dirname(folder), { recursive: true });
  await run('git', ['clone', '--quiet', '--branch=main', ...shallow, `file://${repository}`, folder]);
}

/** Caches of one repository: kept between pipelines, found by the content of their key files. */
export interface Caches {
  readonly restore: (step: PlannedStep, clone: string) => Promise<void>;
  /** Keeps what has no entry yet: an entry never changes. */
  readonly keep: (step: PlannedStep, clone: string) => Promise<void>;
  /** Fills these with what a working copy has, so that a run begins with warm caches; empties the others, when it begins cold. */
  readonly warm: (project: string, names: readonly string[], isCold: boolean) => Promise<void>;
}

export function createCaches({ content }: Definition, store: string): Caches {
  const defined = settingsOf(settingsOf(content['definitions'])['caches']);

  const entryOf = async (name: string, clone: string): Promise<{ entry: string; path: string }> => {
    const { path, key } = settingsOf(defined[name]);
    const files = listOf(settingsOf(key)['files']).map(String);
    if (typeof path !== 'string' || files.length === 0)
      throw new Misuse(`The cache ${name} is not defined with path and key files.`, 'See `make check`.');
    const hash = createHash('sha256');
    for (const file of files) hash.update(await readFile(join(clone, file)));
    return { entry: join(store, name, hash.digest('hex').slice(0, 16)), path: join(clone, path) };
  };
  const cachesOf = (step: PlannedStep, clone: string) =>
    Promise.all(listOf(step.settings['caches']).map((name) => entryOf(textOf(name) ?? '', clone)));

  return {
    warm: async (project, names, isCold) => {
      for (const name of Object.keys(defined)) {
        const { entry, path } = await entryOf(name, project);
        const isWarm = names.includes(name);
        if (isWarm ? !existsSync(path) : !isCold) continue;
        await rm(entry, { recursive: true, force: true });
        if (isWarm) await copy(path, entry);
      }
    },
    restore: async (step, clone) => {
      for (const { entry, path } of await cachesOf(step, clone))
        if (existsSync(entry)) await copy(entry, path);
    },
    keep: async (step, clone) => {
      for (const { entry, path } of await cachesOf(step, clone)) {
        if (existsSync(entry) || !existsSync(path)) continue;
        await copy(path, `${entry}.new`);
        await rename(`${entry}.new`, entry);
      }
    },
  };
}

/** By hard links, which take no time and no space, where it is the same disk. */
async function copy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await rm(to, { recursive: true, force: true });
  const source = await realpath(from);
  await run('cp', ['-al', source, to]).catch(async () => {
    await rm(to, { recursive: true, force: true });
    await run('cp', ['-a', source, to]);
  });
}

/** Files that steps hand on, by the names of their artifacts. */
export interface Artifacts {
  /** Lays what earlier steps shared into a clone. */
  readonly lay: (clone: string) => Promise<void>;
  readonly capture: (step: PlannedStep, clone: string, succeeded: boolean) => Promise<void>;
}

export function createArtifacts(store: string): Artifacts {
  const shared = join(store, 'shared');
  return {
    lay: async (clone) => {
      for (const name of existsSync(shared) ? await readdir(shared) : [])
        await cp(join(shared, name), clone, { recursive: true, force: true });
    },
    capture: async ({ name: step, settings }, clone, succeeded) => {
      const { upload, ...unknown } = settingsOf(settings['artifacts']);
      const unnamed = listOf(settings['artifacts']).map(String);
      refuse('list of artifacts', [...unnamed, ...Object.keys(unknown)]);
      for (const one of listOf(upload).map(settingsOf)) {
        const { name, paths, type, 'capture-on': on = 'success', ...others } = one;
        refuse('list of artifacts', Object.keys(others));
        if (on !== 'always' && (on === 'success') !== succeeded) continue;
        for (const file of await filesIn(clone, listOf(paths).map(String))) {
          // Only shared ones reach later steps; the others are for people.
          const target = join(store, textOf(type) ?? 'shared', textOf(name) ?? step, file);
          await mkdir(dirname(target), { recursive: true });
          await cp(join(clone, file), target);
        }
      }
    },
  };
}

/** Git knows the same patterns, and lists files that it ignores, too. */
async function filesIn(clone: string, patterns: readonly string[]): Promise<readonly string[]> {
  const globs = patterns.map((pattern) => `:(glob)${pattern}`);
  const { stdout } = await run('git', ['ls-files', '-z', '--cached', '--others', '--', ...globs], {
    cwd: clone,
  });
  return stdout.split('\0').filter((file) => file !== '' && existsSync(join(clone, file)));
}

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
