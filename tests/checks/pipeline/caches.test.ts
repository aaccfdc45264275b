import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { listOf, readDefinition, settingsOf } from '../../../tools/lib/pipeline-definition.ts';
import { targetsOf } from '../../../tools/checks/pipeline/make-targets.ts';
import optionalTools from '../../../tools/install/optional-tools.json' with { type: 'json' };

const project = resolve(import.meta.dirname, '../../..');
const text = readFileSync(join(project, 'bitbucket-pipelines.yml'), 'utf8');
const { content } = readDefinition(text);

/** Go tools that each target needs, with what it takes before: from make's own view of the Makefile. */
const database = spawnSync('make', ['--print-data-base', '--dry-run', 'help'], {
  cwd: project,
  env: { ...process.env, MAKEFLAGS: '' },
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
}).stdout;
const goToolsOf = (target: string): readonly string[] => {
  const [, prerequisites = ''] = new RegExp(`^${target}:(?!=)(.*)$`, 'm').exec(database) ?? [];
  return [...prerequisites.matchAll(/\.cache\/bin\/([a-z-]+)/g)].map(([, tool = '']) => tool);
};

interface Step {
  readonly name: string;
  readonly caches: readonly string[];
  readonly targets: readonly string[];
}

/** Every step of the file, however deep. */
const stepsIn = (value: unknown): readonly Step[] => {
  if (typeof value !== 'object' || value === null) return [];
  const { step } = value as { step?: unknown };
  if (step === undefined) return Object.values(value).flatMap(stepsIn);
  const { name, caches, script } = settingsOf(step);
  const targets = listOf(script).flatMap((line) => targetsOf(String(line)));
  return [{ name: String(name), caches: listOf(caches).map(String), targets }];
};
const steps = stepsIn(content['pipelines']);
const caches = Object.entries(settingsOf(settingsOf(content['definitions'])['caches'])).map(
  ([name, cache]) => {
    const { path, key } = settingsOf(cache);
    return { name, path, files: listOf(settingsOf(key)['files']).map(String) };
  },
);
const goCaches = caches
  .filter(({ path }) => path === '.cache/bin')
  .map(({ name, files }) => ({ name, tools: files.map((file) => file.split('/')[2] ?? '') }));

test('each step fills a cache of Go tools with what the key of that cache names', () => {
  const filled = steps.flatMap((step) =>
    goCaches
      .filter(({ name }) => step.caches.includes(name))
      .map(({ name, tools }) => ({
        step: step.name,
        cache: name,
        builds: [...new Set(step.targets.flatMap(goToolsOf))].sort(),
        names: [...tools].sort(),
      })),
  );

  expect(filled.length).toBeGreaterThan(10);
  expect(filled.filter(({ builds, names }) => builds.join() !== names.join())).toEqual([]);
});

test('no step has two caches of one folder', () => {
  const paths = (step: Step) =>
    caches.filter(({ name }) => step.caches.includes(name)).map(({ path }) => path);

  expect(steps.filter((step) => new Set(paths(step)).size !== paths(step).length)).toEqual([]);
});

test('each step with Python tools installs all of them, each of which is pinned and in the key', () => {
  const using = steps.filter((step) => step.caches.includes('python-tools'));
  const pinned = readdirSync(join(project, 'tools/install/python')).filter((file) => file.endsWith('.txt'));
  const key = caches.find(({ name }) => name === 'python-tools')?.files ?? [];

  expect(using.length).toBeGreaterThan(3);
  expect(using.filter(({ targets }) => !targets.includes('cached-tools'))).toEqual([]);
  expect(key).toEqual(pinned.sort().map((file) => `tools/install/python/${file}`));
  expect(optionalTools.python.map(({ environment }) => `${environment}.txt`).sort()).toEqual(pinned);
});
