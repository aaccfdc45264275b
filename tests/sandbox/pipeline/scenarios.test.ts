import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createSandbox, type Sandbox } from './sandbox.ts';
import { createHub, type Hub } from '../../../tools/sandbox/pipeline/clones.ts';
import type { Outcome, StepResult } from '../../../tools/sandbox/pipeline/runner.ts';
import { brokenCommits, byHand } from '../../../tools/sandbox/pipeline/scenarios.ts';
import { type Choices, countServing } from '../../../tools/sandbox/pipeline/world.ts';

// The project's own pipeline, in a repository that has no more than what its caches are found by.
const yaml = readFileSync(resolve(import.meta.dirname, '../../../bitbucket-pipelines.yml'), 'utf8');
const keyFiles = [...yaml.matchAll(/[\w./-]+\.(?:json|sum|txt)/g)].map(([file]) => [file, '1'] as const);
type BrokenCommit = (typeof brokenCommits)[number];
describe('a commit with a mistake', () => {
  let sandbox: Sandbox;
  let hub: Hub;

  beforeEach(async () => {
    sandbox = await createSandbox(Object.fromEntries(keyFiles));
    hub = await createHub(join(sandbox.folder, 'source'), join(sandbox.folder, 'hub'));
  });

  afterEach(() => {
    sandbox.remove();
  });

  /** Plays a scenario where `make` does nothing, but fails when it is called like one of these and says what stands beside it. */
  const play = (scenario: BrokenCommit, failing: Readonly<Record<string, string>>) => {
    const programs = join(sandbox.folder, 'programs');
    mkdirSync(programs);
    const cases = Object.entries(failing).map(([line, says]) => `'${line}') echo '${says}'; exit 1;;`);
    writeFileSync(join(programs, 'make'), `#!/bin/sh\ncase "make $*" in ${cases.join('\n')}\nesac\n`);
    chmodSync(join(programs, 'make'), 0o755);
    const environmentOf = () => Promise.resolve({ PATH: `${programs}:${process.env['PATH'] ?? ''}` });
    const run = (_id: string, { approves }: Pick<Parameters<Sandbox['run']>[1] & object, 'approves'>) =>
      sandbox.run(yaml, { repository: hub.path, environmentOf, ...(approves ? { approves } : {}) });
    return scenario.play({ hub, run }, () => undefined);
  };

  const whatGatesSay: Readonly<Record<string, string>> = {
    'type-error': 'app/src/config.ts(90,14): error TS2322: Type string is not assignable to type number.',
    secret: '             aws-access-token (critical) docs/access.txt:1',
  };
  const scenarios = brokenCommits.map((scenario) => [scenario.id, scenario] as const);
  /** For what is judged alike in all of them. */
  const anyOne = scenarios.slice(0, 1);

  test.each(scenarios)('the scenario %s holds when its gate stops the commit', async (id, scenario) => {
    const { faults } = await play(scenario, { [scenario.line]: whatGatesSay[id] ?? '' });

    expect(faults).toEqual([]);
  });

  test.each(anyOne)('the scenario %s holds when other checks fail beside its gate', async (id, scenario) => {
    const { faults, facts } = await play(scenario, {
      [scenario.line]: whatGatesSay[id] ?? '',
      'make image security test PART=gates STRICT=1': 'a test took too long',
    });

    expect(faults).toEqual([]);
    expect(facts).toHaveLength(2);
  });

  test.each(scenarios)(
    'the scenario %s does not hold when its gate fails for something else',
    async (_id, scenario) => {
      const { faults } = await play(scenario, { [scenario.line]: 'a program is missing' });

      expect(faults).toEqual([`not so: its log gives the reason: ${scenario.reason.source}`]);
    },
  );

  test.each(anyOne)(
    'the scenario %s does not hold when the commit is stopped too late',
    async (_id, scenario) => {
      const { faults } = await play(scenario, { 'make push sign': 'the registry is away' });

      expect(faults).toEqual([
        `not so: "${scenario.gate}" stops it at: ${scenario.line}`,
        `not so: its log gives the reason: ${scenario.reason.source}`,
        'not so: nothing is built or deployed',
      ]);
    },
  );
});

const repository = '000000000000.dkr.ecr.eu-west-1.amazonaws.com/movies-api';
const [good, regretted] = [`sha256:${'a'.repeat(64)}`, `sha256:${'b'.repeat(64)}`];
describe('a return by hand', () => {
  let home: string;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'scenario-'));
  });

  afterEach(async () => {
    await rm(home, { recursive: true });
  });

  async function write(path: string, text: string): Promise<string> {
    const file = join(home, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    return file;
  }

  /** A step's result, as the runner gives it, with what its log says. */
  const step = async (name: string, outcome: Outcome, says = ''): Promise<StepResult> => ({
    ...{ name, outcome, seconds: 1 },
    log: await write(`${name}.log`, says),
  });

  test('what serves is what runs: not what drains or was stopped', () => {
    const tasks = [
      { status: 'RUNNING', digest: good },
      { status: 'RUNNING', digest: good },
      { status: 'PENDING', digest: regretted },
      { status: 'DEACTIVATING', digest: regretted },
      { status: 'STOPPED', digest: regretted },
    ] as const;

    expect(countServing(tasks)).toEqual({ digests: [good], tasks: 2 });
  });

  describe('the scenario by-hand', () => {
    /** A world in which all goes well, but for one thing. */
    async function play(
      wrong: Partial<Record<'second' | 'refusal' | 'serves' | 'returned', string>> & { taken?: Outcome } = {},
    ) {
      let serving = good;
      const image = (id: string, digest: string) =>
        write(`runs/${id}/artifacts/shared/image/release/image`, `${repository}@${digest}\n`);
      await image('good', good);
      const run = async (id: string, { pipeline, given }: Choices): Promise<readonly StepResult[]> => {
        if (pipeline === undefined) {
          serving = wrong.second ?? regretted;
          await image(id, serving);
          return [await step('Release to prod exactly what was planned', 'passed')];
        }
        const named = given?.['IMAGE'] ?? '';
        if (!named.includes('@'))
          return [
            await step(
              'Return prod to a named image',
              'failed',
              wrong.refusal ?? 'it names an image by a tag',
            ),
          ];
        serving = wrong.serves ?? named.replace(/.*@/, '');
        return [await step('Return prod to a named image', wrong.taken ?? 'passed')];
      };
      const hub = {
        ...{ path: '', head: () => Promise.resolve(''), read: () => Promise.resolve('') },
        propose: () => Promise.resolve(''),
        restore: () => Promise.resolve(),
      };
      const servingOf = () => Promise.resolve({ digests: [serving], tasks: 3 });
      return (await byHand.play({ hub, run, home, servingOf }, () => undefined)).faults;
    }

    test('holds when prod serves the named digest again', async () => {
      expect(await play()).toEqual([]);
    });

    test.each([
      ['the second commit makes no other image', { second: good }, ['not so: it is another image']],
      [
        'the tag is refused for something else',
        { refusal: 'a program is missing' },
        ['not so: a name without a digest is refused'],
      ],
      [
        'the tag is refused after a plan',
        { refusal: 'it names an image by a tag\nprod: plan …' },
        ['not so: nothing is planned for it'],
      ],
      [
        'prod goes on to serve what is regretted',
        { serves: regretted },
        ['not so: all tasks of prod run the named digest again'],
      ],
      [
        'the return fails its probes',
        { taken: 'failed' as const },
        ['not so: the return passes, with its probes'],
      ],
    ])('does not hold when %s', async (_what, wrong, faults) => {
      expect(await play(wrong)).toEqual(faults);
    });
  });
});
