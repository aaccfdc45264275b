import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { checkPlan, recordPlan } from '../../../tools/release/plan-record.ts';
import { describeCounts, summarisePlan } from '../../../tools/lib/terraform/plan-summary.ts';

const release = { environment: 'dev', image: `api@sha256:${'0'.repeat(64)}`, commit: 'abcdef0' };
let folder: string;
let planFile: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plan-'));
  planFile = join(folder, 'dev.tfplan');
  await writeFile(planFile, 'what was reviewed');
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

test('the plan that was made is the plan that may be applied', async () => {
  const recorded = await recordPlan(planFile, release);

  expect(await checkPlan(planFile, release)).toEqual(recorded);
});

test('a plan file that was changed after it was made is refused', async () => {
  await recordPlan(planFile, release);
  await appendFile(planFile, '!');

  await expect(checkPlan(planFile, release)).rejects.toThrow(
    /is not the plan that was asked for:\n {2}file: planned/,
  );
});

test.each([
  ['environment', { ...release, environment: 'staging' }],
  ['commit', { ...release, commit: 'fedcba9' }],
  ['image', { ...release, image: `api@sha256:${'1'.repeat(64)}` }],
  ['stage of the cursor keys', { ...release, cursorKeyStage: 1 }],
])('a plan for another %s is refused', async (what, wanted) => {
  await recordPlan(planFile, release);

  await expect(checkPlan(planFile, wanted)).rejects.toThrow(`${what}: planned`);
});

test('a step of a rotation is no release, and applied as that step only', async () => {
  await recordPlan(planFile, { ...release, cursorKeyStage: 1 });

  await expect(checkPlan(planFile, release)).rejects.toThrow(
    'stage of the cursor keys: planned 1, asked for as it is',
  );
  await expect(checkPlan(planFile, { ...release, cursorKeyStage: 1 })).resolves.toMatchObject({
    cursorKeyStage: 1,
  });
});

test('a plan file without a record is refused', async () => {
  await expect(checkPlan(planFile, release)).rejects.toThrow(/no record of what/);
});

test('a plan that is not there is refused', async () => {
  await recordPlan(planFile, release);
  await rm(planFile);

  await expect(checkPlan(planFile, release)).rejects.toThrow(/There is no plan file/);
});

test('a summary names each change and what differs, and shows no value', () => {
  const change = (actions: string[], before: object | null, after: object | null, unknown = {}) => ({
    actions,
    before,
    after,
    after_unknown: unknown,
  });
  const plan = {
    resource_changes: [
      { address: 'a.new', change: change(['create'], null, { secret: 'hush' }) },
      { address: 'a.old', change: change(['delete'], { secret: 'hush' }, null) },
      { address: 'a.same', change: change(['no-op'], {}, {}) },
      { address: 'data.read', change: change(['read'], null, {}) },
      { address: 'a.moved', change: change(['delete', 'create'], { x: 1 }, { x: 2 }) },
      {
        address: 'a.edited',
        change: change(['update'], { x: 1, y: [1], z: 'old' }, { x: 1, y: [2] }, { z: true }),
      },
    ],
    output_changes: { url: { actions: ['update'] }, region: { actions: ['no-op'] } },
  };

  const summary = summarisePlan(JSON.stringify(plan));

  expect(summary.lines).toEqual([
    '  + a.new',
    '  - a.old',
    '-/+ a.moved',
    '  ~ a.edited: y, z',
    '  ~ output url',
  ]);
  expect(describeCounts(summary)).toBe('1 to create, 1 to update, 1 to replace, 1 to destroy');
});
