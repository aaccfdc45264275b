import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readDefinition } from '../../../tools/lib/pipeline-definition.ts';
import { createCaches } from '../../../tools/sandbox/pipeline/clones.ts';
import { cloneInside, confineTo } from '../../../tools/sandbox/pipeline/confinement.ts';
import { describeWith, usable } from '../../support/requirements.ts';
import { createSandbox, mainPipeline, type Sandbox } from './sandbox.ts';

let sandbox: Sandbox;

beforeEach(async () => {
  sandbox = await createSandbox({ 'lock.json': '1', 'hello.txt': 'hello' });
});

afterEach(() => {
  sandbox.remove();
});

describe('a step', () => {
  test('that fails stops the pipeline at its line: nothing after it runs', async () => {
    const results = await sandbox.run(
      mainPipeline(`
- step: { name: one, script: [echo first, 'false | true', echo never] }
- step: { name: two, script: [echo second] }`),
    );

    expect(results).toEqual([
      expect.objectContaining({ name: 'one', outcome: 'failed', line: 'false | true' }),
      { name: 'two', outcome: 'not run', seconds: 0 },
    ]);
    expect(sandbox.read('logs/one.log')).toBe('+ echo first\nfirst\n+ false | true\n');
    expect(sandbox.read('logs/two.log')).toBeUndefined();
  });

  test('runs its lines in one shell, in a clone that holds what is committed and nothing else', async () => {
    const results = await sandbox.run(
      mainPipeline(`
- step: { name: one, script: [touch left-over, NAME=kept, 'echo "$NAME"'] }
- step: { name: two, script: [ls] }`),
    );

    expect(sandbox.outcomes(results)).toEqual({ one: 'passed', two: 'passed' });
    expect(sandbox.read('logs/one.log')).toMatch(/\nkept\n$/);
    expect(sandbox.read('logs/two.log')).toBe('+ ls\nhello.txt\nlock.json\n');
  });

  test('that takes longer than its limit is ended, with all that it started, and the limit is told', async () => {
    const said: string[] = [];

    const results = await sandbox.run(
      mainPipeline(`- step: { name: one, max-time: 0.005, script: ['sleep 60 | sleep 60'] }`),
      { slowness: 2, say: (line) => said.push(line) },
    );

    expect(results).toEqual([expect.objectContaining({ outcome: 'failed', line: 'sleep 60 | sleep 60' })]);
    expect(results[0]?.seconds).toBeLessThan(30);
    expect(said.at(-1)).toMatch(/^one: failed after \d+ s, ended by its limit of 0.01 min, at: sleep 60/);
  });

  test('that fails tells what it took of processors all the same', async () => {
    const results = await sandbox.run(
      mainPipeline(`- step: { name: one, script: ['seq 200000 | sort -R | tail -1', 'false'] }`),
    );

    expect(results[0]).toMatchObject({ outcome: 'failed', line: 'false' });
    expect(results[0]?.processorSeconds).toBeGreaterThan(0);
  });

  test('takes along what it left running, even in a session of its own', async () => {
    await sandbox.run(
      mainPipeline(`
- step: { name: one, script: ['setsid sh -c "trap \\"echo ended > ../ended; exit\\" TERM; while :; do sleep 0.05; done" &', sleep 0.3] }`),
    );

    expect(sandbox.read('clones/ended')).toBe('ended\n');
  });
});

test.each([
  ['as the pipeline says', '', '1'],
  ['as it says itself', 'clone: { depth: full }, ', '2'],
])('a step has as many commits %s', async (_, clone, commits) => {
  sandbox.commit({ 'hello.txt': 'hello again' });

  await sandbox.run(
    mainPipeline(`- step: { name: one, ${clone}script: [git rev-list --count HEAD] }`, 'clone: { depth: 1 }'),
  );

  expect(sandbox.read('logs/one.log')).toBe(`+ git rev-list --count HEAD\n${commits}\n`);
});

test('steps side by side go on to their own ends when one fails, and stop the pipeline then', async () => {
  const results = await sandbox.run(
    mainPipeline(`
- parallel:
    fail-fast: false
    steps:
      - step: { name: bad, script: ['false'] }
      - step: { name: slow, script: [sleep 1] }
- step: { name: later, script: ['true'] }`),
  );

  expect(sandbox.outcomes(results)).toEqual({ bad: 'failed', slow: 'passed', later: 'not run' });
});

describe('a manual step', () => {
  const yaml = mainPipeline(`
- step: { name: plan, script: ['true'] }
- step: { name: prod, trigger: manual, script: ['true'] }
- step: { name: later, script: ['true'] }`);

  test('waits for a person, and so does what comes after it', async () => {
    const results = await sandbox.run(yaml, { approves: () => Promise.resolve(false) });

    expect(sandbox.outcomes(results)).toEqual({
      plan: 'passed',
      prod: 'waits for a person',
      later: 'not run',
    });
  });

  test('runs when it is approved; no other step is asked about', async () => {
    const asked: string[] = [];

    const results = await sandbox.run(yaml, {
      approves: ({ name }) => {
        asked.push(name);
        return Promise.resolve(true);
      },
    });

    expect(sandbox.outcomes(results)).toEqual({ plan: 'passed', prod: 'passed', later: 'passed' });
    expect(asked).toEqual(['prod']);
  });
});

describe('artifacts', () => {
  const make = (artifacts: string): string => `
- step:
    name: make
    script: [mkdir -p out/deep, echo made > out/deep/file, echo made > other]
    artifacts: ${artifacts}`;
  const use = `
- step: { name: use, script: [find . -path ./.git -prune -o -type f -print | sort] }`;
  const nothing = '+ find . -path ./.git -prune -o -type f -print | sort\n./hello.txt\n./lock.json\n';

  test('reach later steps, and what is not declared does not', async () => {
    await sandbox.run(mainPipeline(make('{ upload: [{ name: out, paths: ["out/**"] }] }') + use));

    expect(sandbox.read('logs/use.log')).toBe(nothing.replace('lock.json', 'lock.json\n./out/deep/file'));
  });

  test.each([
    ['for people', '{ upload: [{ name: out, type: scoped, paths: ["out/**"] }] }'],
    ['of a failure', '{ upload: [{ name: out, capture-on: failed, paths: ["out/**"] }] }'],
  ])('that are %s do not reach later steps', async (_, artifacts) => {
    await sandbox.run(mainPipeline(make(artifacts) + use));

    expect(sandbox.read('logs/use.log')).toBe(nothing);
  });

  test('that are captured always are there after a failure', async () => {
    await sandbox.run(
      mainPipeline(`
- step:
    name: make
    script: [echo seen > report, 'false']
    artifacts: { upload: [{ name: report, capture-on: always, paths: [report] }] }`),
    );

    expect(sandbox.read('artifacts/shared/report/report')).toBe('seen\n');
  });
});

/** Root in a container may mount, but no layers upon layers. */
const mountLayers = `folder=$(mktemp -d); trap 'umount "$folder/root"; rm -r "$folder"' EXIT
mkdir "$folder"/{image,changes,work,root}
mount -t overlay overlay -o "lowerdir=$folder/image,upperdir=$folder/changes,workdir=$folder/work" "$folder/root"`;
const mounts = usable('mounts', 'be root on Linux, and not in a container', () =>
  execFileSync('unshare', ['--mount', 'bash', '-ec', mountLayers]),
);
describeWith([mounts], 'a step in a file system of its own', () => {
  test('sees its clone and what it is shown, and what it changes elsewhere is gone with it', async () => {
    const layer = join(sandbox.folder, 'image');
    mkdirSync(layer);
    const shown = ['/bin', '/dev', '/lib', '/lib64', '/usr'];

    const results = await sandbox.run(
      mainPipeline(`- step: { name: one, script: [touch /changed made, pwd, ls /, cat /proc/1/comm] }`),
      { withinOf: (_, folder) => confineTo([layer], folder, shown) },
    );

    expect(sandbox.outcomes(results)).toEqual({ one: 'passed' });
    expect(sandbox.read('logs/one.log')?.split('\n')).toEqual([
      ...['+ touch /changed made', '+ pwd', cloneInside, '+ ls /', 'bin', 'changed', 'dev', 'lib', 'lib64'],
      ...['opt', 'proc', 'run', 'usr', 'var', '+ cat /proc/1/comm', 'bash', ''],
    ]);
    expect(sandbox.read('clones/one/made')).toBe('');
    expect(existsSync('/changed')).toBe(false);
    expect(sandbox.read('clones/one.layer')).toBeUndefined();
  });
});

describe('a cache', () => {
  const definitions = `
definitions:
  caches:
    modules: { path: modules, key: { files: [lock.json] } }`;
  const yaml = mainPipeline(
    `- step: { name: one, caches: [modules], script: [cat modules/content || mkdir -p modules, echo built > modules/content] }`,
    definitions,
  );

  test('filled by one pipeline is there in the next', async () => {
    await sandbox.run(yaml);
    expect(sandbox.read('logs/one.log')).not.toContain('\nbuilt\n');

    await sandbox.run(yaml);

    expect(sandbox.read('logs/one.log')).toContain('\nbuilt\n');
  });

  test('is warm from the start with what a working copy has, also when that has changed', async () => {
    const caches = createCaches(readDefinition(yaml), join(sandbox.folder, 'caches'));
    const modules = join(sandbox.folder, 'source', 'modules');
    mkdirSync(modules);
    for (const content of ['old', 'new']) {
      writeFileSync(join(modules, 'content'), `${content}\n`);
      await caches.warm(join(sandbox.folder, 'source'), ['modules'], false);
    }

    await sandbox.run(yaml);

    expect(sandbox.read('logs/one.log')).toContain('\nnew\n');
  });

  test.each([
    ['keeps what an earlier run has filled', false, true],
    ['that begins cold is empty', true, false],
  ])('that no working copy can fill %s', async (_, isCold, isKept) => {
    await sandbox.run(yaml);
    await createCaches(readDefinition(yaml), join(sandbox.folder, 'caches')).warm(
      join(sandbox.folder, 'source'),
      [],
      isCold,
    );

    await sandbox.run(yaml);

    expect(sandbox.read('logs/one.log')?.includes('\nbuilt\n')).toBe(isKept);
  });

  test('is not filled by a step that failed', async () => {
    await sandbox.run(yaml.replace('content]', "content, 'false']"));

    expect(readdirSync(sandbox.folder)).not.toContain('caches');
  });

  test('without key files is refused, for it would never be renewed', async () => {
    const broken = yaml.replace(', key: { files: [lock.json] }', '');

    await expect(sandbox.run(broken)).rejects.toThrow('The cache modules is not defined');
  });
});

test('a step gets the environment of its own and of no other', async () => {
  await sandbox.run(
    mainPipeline(`
- step: { name: dev, deployment: dev, script: ['echo "role: \${ROLE:-none}"'] }
- step: { name: check, script: ['echo "role: \${ROLE:-none}"'] }`),
    {
      environmentOf: ({ deployment }) =>
        Promise.resolve({
          PATH: process.env['PATH'],
          ...(deployment === undefined ? {} : { ROLE: `${deployment}-role` }),
        }),
    },
  );

  expect(sandbox.read('logs/dev.log')).toMatch(/role: dev-role\n$/);
  expect(sandbox.read('logs/check.log')).toMatch(/role: none\n$/);
});

test('a step that is left out is reported as such, and the pipeline goes on', async () => {
  const results = await sandbox.run(
    mainPipeline(`
- step: { name: drills, script: ['false'] }
- step: { name: dev, script: ['true'] }`),
    { leavesOut: ({ name }) => name === 'drills' },
  );

  expect(sandbox.outcomes(results)).toEqual({ drills: 'left out', dev: 'passed' });
});

test.each([
  [
    'a pipeline that is not there',
    mainPipeline(`- step: { name: one, script: ['true'] }`).replace('main', 'other'),
    'no pipeline branches/main',
  ],
  [
    'an item that it does not know',
    mainPipeline(`- step: { name: one, script: ['true'] }\n- stage: { steps: [] }`),
    'A pipeline holds stage',
  ],
  [
    'a setting that it does not know',
    mainPipeline(`- step: { name: one, script: ['true'], after-script: ['true'] }`),
    'A step holds after-script',
  ],
  [
    'steps that end with the first failure',
    mainPipeline(`- parallel: { fail-fast: true, steps: [step: { name: one, script: ['true'] }] }`),
    'A pipeline holds fail-fast',
  ],
  ...[
    ['{ download: false }', 'download'],
    ['["out/**"]', 'out/**'],
    ['{ upload: [{ name: out, paths: ["out/**"], ignore-paths: ["out/tmp"] }] }', 'ignore-paths'],
  ].map(([artifacts, named]) => [
    `the artifacts ${String(artifacts)}`,
    mainPipeline(`- step: { name: one, script: ['true'], artifacts: ${String(artifacts)} }`),
    `A list of artifacts holds ${String(named)}`,
  ]),
  ['a step without a script', mainPipeline('- step: { name: one }'), 'The step one has no script'],
  [
    'a pipe',
    mainPipeline('- step: { name: one, script: [{ pipe: a/b:1 }] }'),
    'A script holds {"pipe":"a/b:1"}',
  ],
])('refuses %s instead of leaving it out', async (_, yaml, message) => {
  await expect(sandbox.run(yaml)).rejects.toThrow(message);
});

test('an interrupt ends the step that runs, and no other begins', async () => {
  const results = await sandbox.run(
    mainPipeline(`
- step: { name: one, script: [sleep 60] }
- step: { name: two, script: ['true'] }`),
    { signal: AbortSignal.timeout(300) },
  );

  expect(sandbox.outcomes(results)).toEqual({ one: 'stopped', two: 'not run' });
});

test('logs of a run lie in its own folder', async () => {
  await sandbox.run(mainPipeline(`- step: { name: 'A step: one', script: ['true'] }`));

  expect(readdirSync(join(sandbox.folder, 'run-1', 'logs'))).toEqual(['a-step-one.log']);
});
