import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { brokenCommits } from '../../../tools/sandbox/pipeline/scenarios/broken-commits.ts';
import { createHub, type Hub } from '../../../tools/sandbox/pipeline/hub.ts';
import { createSandbox, type Sandbox } from './sandbox.ts';

// The project's own pipeline, in a repository that has no more than what its caches are found by.
const yaml = readFileSync(resolve(import.meta.dirname, '../../../bitbucket-pipelines.yml'), 'utf8');
const keyFiles = [...yaml.matchAll(/[\w./-]+\.(?:json|sum|txt)/g)].map(([file]) => [file, '1'] as const);
type BrokenCommit = (typeof brokenCommits)[number];
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
  return scenario.play({ hub, run }, { leftOut: [], say: () => undefined });
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
    'make test PART=service': 'a test took too long',
    'make bench CHECK=yes': 'a ratio is out of bounds',
  });

  expect(faults).toEqual([]);
  expect(facts).toHaveLength(3);
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
