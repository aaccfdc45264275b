import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, realpath, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Misuse } from '../../../app/src/commands/problem.ts';
import { listOf, settingsOf, textOf, type Definition, type Settings } from '../../lib/pipeline-definition.ts';
import type { PlannedStep } from './stages.ts';

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
  /** Fills all of them with what a working copy has, so that a run begins with warm caches. */
  readonly warm: (project: string) => Promise<void>;
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
    warm: async (project) => {
      for (const name of Object.keys(defined)) {
        const { entry, path } = await entryOf(name, project);
        if (!existsSync(path)) continue;
        await rm(entry, { recursive: true, force: true });
        await copy(path, entry);
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
