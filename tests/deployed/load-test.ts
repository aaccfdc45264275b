import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { readSlo } from '../../tools/lib/objectives.ts';
import type { Outcome } from '../../tools/sandbox/deployment/load.ts';
import { bearLoad, describeLoad, readObjectives, shareOfGood, shortLoad } from './bearing-load.ts';
import { openNamedDeployment } from './open-deployment.ts';

// Run by `make verify LOAD=yes`. It is no `*.test.ts`: without a deployment there is nothing to load.
const deployment = await openNamedDeployment(process.env);
const slo = await readSlo(join(import.meta.dirname, '../../docs/slo.yaml'));

describe(`${shortLoad.requests} reads, ${shortLoad.ratePerSecond} each second`, () => {
  let outcomes: readonly Outcome[];

  beforeAll(async () => {
    outcomes = await bearLoad(deployment, shortLoad);
    process.stdout.write(`${describeLoad(outcomes)}\n`);
  }, shortLoad.longestMs);

  test.each(readObjectives(slo))('keep the objective %s', (_name, objective) => {
    expect(shareOfGood(outcomes, objective)).toBeGreaterThanOrEqual(objective.objective_percent);
  });
});
