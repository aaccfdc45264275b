import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { brokenCommits } from '../../tools/pipeline-local/scenarios/broken-commits.ts';
import { createHub, type Hub } from '../../tools/pipeline-local/hub.ts';
import { createSandbox, type Sandbox } from './sandbox.ts';

// The project's own pipeline, in a repository that has no more than what its caches are found by.
const yaml = readFileSync(resolve(import.meta.dirname, '../../bitbucket-pipelines.yml'), 'utf8');
const keyFiles = [...yaml.matchAll(/[\w./-]+\.(?:json|sum|txt)/g)].map(([file]) => [file, '1'] as const);
let sandbox: Sandbox;
let hub: Hub;

beforeEach(async () => {
  sandbox = await createSandbox(Object.fromEntries(keyFiles));
  hub = await createHub(join(sandbox.folder, 'source'), join(sandbox.folder, 'hub'));
});

afterEach(() => {
  sandbox.remove();
});

/** Plays a scenario where `make` does nothing, and fails when it is called like this. */
const play = (scenario: (typeof brokenCommits)[number], failing: string) => {
  const programs = join(sandbox.folder, 'programs');
  mkdirSync(programs);
  writeFileSync(join(programs, 'make'), `#!/bin/sh\n[ "make $*" != "${failing}" ]\n`);
  chmodSync(join(programs, 'make'), 0o755);
  const environmentOf = () => Promise.resolve({ PATH: `${programs}:${process.env['PATH'] ?? ''}` });
  const run = (_id: string, { approves }: Pick<Parameters<Sandbox['run']>[1] & object, 'approves'>) =>
    sandbox.run(yaml, { repository: hub.path, environmentOf, ...(approves ? { approves } : {}) });
  return scenario.play({ hub, run }, { leftOut: [], say: () => undefined });
};

test.each(brokenCommits.map((scenario) => [scenario.id, scenario] as const))(
  'the scenario %s holds when its gate stops the commit',
  async (_id, scenario) => {
    const { faults } = await play(scenario, scenario.line);

    expect(faults).toEqual([]);
  },
);

test.each(brokenCommits.map((scenario) => [scenario.id, scenario] as const))(
  'the scenario %s does not hold when the commit is stopped too late',
  async (_id, scenario) => {
    const { faults } = await play(scenario, 'make push sign');

    expect(faults).toEqual([
      `not so: it is stopped by "${scenario.gate}" at: ${scenario.line}`,
      'not so: nothing is built or deployed',
    ]);
  },
);
