import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import parts from '../../../tools/lib/test-parts.json' with { type: 'json' };
import { bundled } from '../../support/bundled.ts';

const project = resolve(import.meta.dirname, '../../..');
const run = (program: string, args: readonly string[], settings: NodeJS.ProcessEnv = {}) =>
  spawnSync(program, args, { cwd: project, env: { ...process.env, ...settings }, encoding: 'utf8' });
const argumentsFor = (...part: string[]) =>
  run(process.execPath, [bundled('tools/checks/test-parts.ts'), ...part]);
const testFiles = readdirSync(join(project, 'tests'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => join(project, 'tests', file))
  .sort();

test('each test file runs in exactly one part', () => {
  const listed = Object.keys(parts).flatMap((part) => {
    const args = argumentsFor(part).stdout.trim().split(' ');
    const { stdout } = run('npm', ['test', '--silent', '--', '--listTests', ...args]);
    return stdout.trim().split('\n');
  });

  expect(listed.sort()).toEqual(testFiles);
});

test('no part names a folder that is not there', () => {
  const missing = Object.values(parts)
    .flat()
    .filter((folder) => !existsSync(join(project, 'tests', folder)));

  expect(missing).toEqual([]);
});

test('each part has a step beside the others, in pull requests and on main', () => {
  const { pipelines } = parse(readFileSync(join(project, 'bitbucket-pipelines.yml'), 'utf8')) as {
    pipelines: Record<string, Record<string, { parallel?: { steps: { step: { script: string[] } }[] } }[]>>;
  };
  const first = (group: string, name: string) =>
    pipelines[group]?.[name]?.[0]?.parallel?.steps.flatMap(({ step }) => step.script) ?? [];
  const wanted = Object.keys(parts).map((part) => `make test PART=${part}`);

  expect([first('pull-requests', '**'), first('branches', 'main')]).toEqual([
    expect.arrayContaining(wanted),
    expect.arrayContaining(wanted),
  ]);
});

test('the service is measured where its tests are, and everything without a part', () => {
  expect(argumentsFor('service').stdout).toMatch(/^--coverage tests\/abuse\/ /);
  expect(argumentsFor('platform').stdout).toMatch(/^tests\/containers\/ /);
  expect(argumentsFor().stdout).toBe('--coverage\n');
});

test.each(['nonsense', 'Service', 'toString'])('an unknown part such as %s is misuse', (part) => {
  // Inside `make test PART=…` the flags of that make would bring its own part along, and run it in here once more.
  const { status, stderr } = run('make', ['test', `PART=${part}`], { MAKEFLAGS: '' });

  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: expect.stringContaining(
      `PART is service or platform, or nothing for all tests; not ${part}.\nWhich folders are in which: tools/lib/test-parts.json`,
    ),
  });
});
