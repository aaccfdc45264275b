import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, realpath, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Misuse } from '../../../app/src/commands/problem.ts';
import { type Definition, listOf, type Settings, settingsOf, textOf } from '../../lib/pipeline-definition.ts';

/** A step as it will be run. */
export interface PlannedStep {
  readonly name: string;
  readonly settings: Settings;
  readonly script: readonly string[];
  readonly afterScript: readonly string[];
  readonly deployment: string | undefined;
  readonly wantsToken: boolean;
  readonly isManual: boolean;
  readonly maxMinutes: number;
}

/** Steps that run side by side; most often one. */
export interface Stage {
  readonly steps: readonly PlannedStep[];
  /** Whether the first failure ends the others. */
  readonly failFast: boolean;
}

const defaultMinutes = 120;

/**
 * What runs after what in a pipeline such as `branches/main`. Throws `Misuse` for anything that it doesn't know: to leave
 * out a step in silence would be worse.
 */
export function readStages({ content }: Definition, pipeline: string): readonly Stage[] {
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
    .map((item) => readStage(settingsOf(item), minutes));
}

function readStage(item: Settings, minutes: number): Stage {
  const { step, parallel, ...unknown } = item;
  const [name] = Object.keys(unknown);
  if (name !== undefined)
    throw new Misuse(
      `A pipeline holds ${name}, which can't be run here.`,
      'Use step and parallel, or teach tools/sandbox/pipeline.',
    );
  if (step !== undefined) return { steps: [readStep(settingsOf(step), minutes)], failFast: false };
  const group = settingsOf(parallel);
  const steps = Array.isArray(parallel) ? parallel : listOf(group['steps']);
  return {
    steps: steps.map((one) => readStep(settingsOf(settingsOf(one)['step']), minutes)),
    failFast: group['fail-fast'] === true,
  };
}

function readStep(settings: Settings, minutes: number): PlannedStep {
  const name = textOf(settings['name']) ?? '(no name)';
  const script = linesOf(settings['script']);
  if (script.length === 0) throw new Misuse(`The step ${name} has no script.`, 'See `make check`.');
  return {
    name,
    settings,
    script,
    afterScript: linesOf(settings['after-script']),
    deployment: textOf(settings['deployment']),
    wantsToken: settings['oidc'] === true,
    isManual: settings['trigger'] === 'manual',
    maxMinutes: Number(settings['max-time'] ?? minutes),
  };
}

const linesOf = (value: unknown): readonly string[] =>
  listOf(value).map((line) => {
    if (typeof line === 'string') return line;
    throw new Misuse(
      `A script holds ${JSON.stringify(line)}.`,
      'Lines of a shell only: pipes are not run here.',
    );
  });

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

interface Upload {
  readonly name: string;
  readonly paths: readonly string[];
  /** Only shared ones reach later steps; the others are for people. */
  readonly type: string;
  readonly captureOn: string;
}

/** Files that steps hand on, by the names of their artifacts. */
export interface Artifacts {
  /** Lays what earlier steps shared into a clone. */
  readonly lay: (step: PlannedStep, clone: string) => Promise<void>;
  readonly capture: (step: PlannedStep, clone: string, succeeded: boolean) => Promise<void>;
}

export function createArtifacts(store: string): Artifacts {
  return {
    lay: async ({ settings }, clone) => {
      const { download } = settingsOf(settings['artifacts']);
      if (download === false || !existsSync(join(store, 'shared'))) return;
      const wanted = Array.isArray(download) ? download.map(String) : undefined;
      for (const name of await readdir(join(store, 'shared')))
        if (wanted?.includes(name) ?? true)
          await cp(join(store, 'shared', name), clone, { recursive: true, force: true });
    },
    capture: async ({ name: step, settings }, clone, succeeded) => {
      for (const { name, paths, type, captureOn } of uploadsOf(settings['artifacts'], step)) {
        if (captureOn !== 'always' && (captureOn === 'success') !== succeeded) continue;
        for (const file of await filesIn(clone, paths)) {
          const target = join(store, type, name, file);
          await mkdir(dirname(target), { recursive: true });
          await cp(join(clone, file), target);
        }
      }
    },
  };
}

function uploadsOf(artifacts: unknown, step: string): readonly Upload[] {
  const settings = settingsOf(artifacts);
  const plain = Array.isArray(artifacts) ? artifacts : listOf(settings['paths']);
  const named = listOf(settings['upload']).map(settingsOf);
  return [
    ...(plain.length > 0
      ? [{ name: step, paths: plain.map(String), type: 'shared', captureOn: 'success' }]
      : []),
    ...named.map(({ name, paths, type, 'capture-on': captureOn }) => ({
      name: textOf(name) ?? step,
      paths: listOf(paths).map(String),
      type: textOf(type) ?? 'shared',
      captureOn: textOf(captureOn) ?? 'success',
    })),
  ];
}

/** Git knows the same patterns, and lists files that it ignores, too. */
async function filesIn(clone: string, patterns: readonly string[]): Promise<readonly string[]> {
  const globs = patterns.map((pattern) => `:(glob)${pattern}`);
  const { stdout } = await run('git', ['ls-files', '-z', '--cached', '--others', '--', ...globs], {
    cwd: clone,
  });
  return stdout.split('\0').filter((file) => file !== '' && existsSync(join(clone, file)));
}
