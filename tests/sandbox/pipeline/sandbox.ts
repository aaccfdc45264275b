import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readDefinition } from '../../../tools/lib/pipeline-definition.ts';
import { type RunOptions, runPipeline, type StepResult } from '../../../tools/sandbox/pipeline/runner.ts';

/** A repository with a few files, and a place to run pipelines of it. */
export interface Sandbox {
  readonly run: (yaml: string, options?: Partial<RunOptions>) => Promise<readonly StepResult[]>;
  readonly outcomes: (results: readonly StepResult[]) => Readonly<Record<string, string>>;
  /** A file of the last run's folder; undefined when there is none. */
  readonly read: (path: string) => string | undefined;
  readonly folder: string;
  readonly commit: (files: Readonly<Record<string, string>>) => void;
  readonly remove: () => void;
}

export async function createSandbox(files: Readonly<Record<string, string>>): Promise<Sandbox> {
  const folder = mkdtempSync(join(tmpdir(), 'pipeline-local-'));
  const source = join(folder, 'source');
  await mkdir(source);
  const git = (...args: string[]): void => {
    execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@localhost', ...args], {
      cwd: source,
      stdio: 'pipe',
    });
  };
  git('init', '--quiet', '--initial-branch=main');
  const commit = (content: Readonly<Record<string, string>>): void => {
    for (const [name, text] of Object.entries(content)) {
      mkdirSync(dirname(join(source, name)), { recursive: true });
      writeFileSync(join(source, name), text);
    }
    git('add', '.');
    git('commit', '--quiet', '--message=files');
  };
  commit(files);
  let runs = 0;
  return {
    folder,
    commit,
    run: (yaml, options = {}) => {
      runs += 1;
      return runPipeline({
        definition: readDefinition(yaml),
        pipeline: 'branches/main',
        repository: source,
        home: join(folder, `run-${runs}`),
        caches: join(folder, 'caches'),
        environmentOf: () => Promise.resolve({ PATH: process.env['PATH'] }),
        approves: () => Promise.resolve(true),
        say: () => undefined,
        ...options,
      });
    },
    outcomes: (results) => Object.fromEntries(results.map(({ name, outcome }) => [name, outcome])),
    read: (path) => {
      const file = join(folder, `run-${runs}`, path);
      return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
    },
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A pipeline of `main` from its items, indented by nothing. */
export const mainPipeline = (items: string, definitions = ''): string =>
  `${definitions}\npipelines:\n  branches:\n    main:\n${items.replace(/^/gm, '      ')}\n`;
