import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { listOf, settingsOf, textOf } from '../../lib/pipeline-definition.ts';
import type { PlannedStep } from './stages.ts';

const run = promisify(execFile);

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
