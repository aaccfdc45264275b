import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { tablesOf } from '../../tools/lib/terraform/service-root.ts';
import {
  checkPlan,
  findLosses,
  givenUpTables,
  recordPlan,
  refuseLosses,
} from '../../tools/release/plan-file.ts';

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
  const recorded = await recordPlan(planFile, { ...release, losses: ['aws_lb.main'] });

  expect(await checkPlan(planFile, release)).toEqual(recorded);
});

test.each([
  ['environment', { ...release, environment: 'staging' }],
  ['commit', { ...release, commit: 'fedcba9' }],
  ['image', { ...release, image: `api@sha256:${'1'.repeat(64)}` }],
  ['stage of the cursor keys', { ...release, cursorKeyStage: 1 }],
  ['table that serves', { ...release, table: 'movies-dev-at-1' }],
])('a plan for another %s is refused', async (what, wanted) => {
  await recordPlan(planFile, { ...release, losses: [] });

  await expect(checkPlan(planFile, wanted)).rejects.toThrow(`${what}: planned`);
});

test('a step of a rotation is no release, and applied as that step only', async () => {
  const recorded = await recordPlan(planFile, { ...release, losses: [], cursorKeyStage: 1 });

  await expect(checkPlan(planFile, release)).rejects.toThrow('planned 1, asked for as it is');
  expect(await checkPlan(planFile, { ...release, cursorKeyStage: 1 })).toEqual(recorded);
});

test.each([
  ['that was changed after it was made', () => appendFile(planFile, '!'), /file: planned/],
  ['without a record', () => rm(`${planFile}.json`), /no record of what .* was made for/],
  ['that is not there', () => rm(planFile), /There is no plan file/],
])('a plan file %s is refused', async (_what, harm, message) => {
  await recordPlan(planFile, { ...release, losses: [] });
  await harm();

  await expect(checkPlan(planFile, release)).rejects.toThrow(message);
});

const [copy, other] = ['movies-dev-at-20260301T120000Z', 'movies-dev-from-01-ab'];
test.each([
  ['before the first deployment', {}, {}, { restored: [] }],
  ['none named', { restored: [copy], serving: copy }, {}, { restored: [copy], serving: copy }],
  [
    'a restored one',
    { restored: [copy], serving: null },
    { table: other },
    { restored: [copy, other], serving: other },
  ],
  [
    'the first one again',
    { restored: [copy], serving: copy },
    { table: 'movies-dev' },
    { restored: [copy], serving: 'movies-dev' },
  ],
  [
    'one given up',
    { restored: [copy, other], serving: other },
    { without: givenUpTables(`aws_lb.main module.movies_table.aws_dynamodb_table.main["${copy}"]`) },
    { restored: [other], serving: other },
  ],
])(
  'tables of a plan, %s: those of the state, and the one that is to serve',
  (_what, tables, asked, planned) => {
    expect(tablesOf({ tables }, asked)).toEqual(planned);
  },
);

test('an artifact that has expired is said to be one', async () => {
  await expect(checkPlan(planFile, release)).rejects.toMatchObject({
    remedy: expect.stringContaining('which Bitbucket keeps for 14 days: run the pipeline again'),
  });
});

const plan = (...changes: readonly (readonly [string, readonly string[], string?])[]): string =>
  JSON.stringify({
    resource_changes: changes.map(([address, actions, mode = 'managed']) => ({
      address,
      mode,
      type: address.replace(/\[.*/, '').split('.').at(-2),
      change: { actions },
    })),
  });

const losing = [['delete'], ['delete', 'create'], ['create', 'delete'], ['forget'], ['forget', 'create']];
test.each(
  [
    'aws_ecs_service.main',
    'module.table.aws_dynamodb_table.main[0]',
    'aws_kms_key.table',
    'aws_kms_replica_key.table["eu-north-1"]',
    'aws_lb.main',
    'module.access.aws_cognito_user_pool.main',
    'module.vpc.aws_vpc.this[0]',
  ].flatMap((address) => losing.map((actions) => [address, actions] as const)),
)('a plan with %s to %j is refused, and applied once it is named', (address, actions) => {
  const losses = findLosses(plan([address, actions], ['aws_sns_topic.pages', ['delete']]));

  expect(losses).toEqual([address]);
  expect(() => {
    refuseLosses(losses, 'yes');
  }).toThrow(
    expect.objectContaining({
      message: expect.stringContaining(`users stand on:\n  ${address}`),
      remedy: expect.stringContaining(`LOSE='${address}'`),
    }),
  );
  expect(() => {
    refuseLosses(losses, `aws_vpc.other ${address}`);
  }).not.toThrow();
});

test.each([[['create']], [['update']], [['no-op']], [['read']]])('a table to %j is no loss', (actions) => {
  expect(findLosses(plan(['aws_dynamodb_table.main', actions]))).toEqual([]);
});

test('what is only read is no loss, and a second loss beside a named one is refused', () => {
  const losses = findLosses(
    plan(['data.aws_vpc.main', ['delete'], 'data'], ['aws_lb.a', ['delete']], ['aws_lb.b', ['forget']]),
  );

  expect(losses).toEqual(['aws_lb.a', 'aws_lb.b']);
  expect(() => {
    refuseLosses(losses, 'aws_lb.a');
  }).toThrow(/stand on:\n {2}aws_lb\.b$/);
});
