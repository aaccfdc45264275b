import { expect, test } from '@jest/globals';
import { deployedCommit } from '../../../tools/lib/terraform/deployed-commit.ts';
import { describeDifference, findDifferences } from '../../../tools/lib/terraform/drift.ts';
import { reportDrift } from '../../../tools/lib/terraform/drift-report.ts';

const resource = (
  address: string,
  actions: readonly string[],
  before: object | null,
  after: object | null,
): object => ({
  address,
  mode: 'managed',
  type: address.split('.').at(-2),
  change: { actions, before, after },
});
const plan = (drift: readonly object[], changes: readonly object[] = []): string =>
  JSON.stringify({ resource_drift: drift, resource_changes: changes });
const group = 'module.x.aws_security_group.api';

test('a plan without a difference has none, whatever is read', () => {
  const changes = [resource(group, ['no-op'], {}, {}), resource('data.x.y', ['read'], null, {})];

  expect(findDifferences(plan([], changes))).toEqual([]);
});

test('what was changed by hand is told once, by attribute, although Terraform would undo it', () => {
  const opened = resource(group, ['update'], { ingress: [] }, { ingress: ['hush'] });
  const undone = resource(group, ['update'], { ingress: ['hush'] }, { ingress: [] });

  const differences = findDifferences(plan([opened], [undone]));

  expect(differences.map(describeDifference)).toEqual([`${group} is changed by hand: ingress (a person)`]);
});

test('a policy that is unknown only because what it names was changed by hand is no difference of its own', () => {
  const opened = resource(group, ['update'], { ingress: [] }, { ingress: [1] });
  const policy = {
    address: 'aws_iam_role_policy.start',
    mode: 'managed',
    type: 'aws_iam_role_policy',
    change: { actions: ['update'], before: { policy: 'a' }, after: {}, after_unknown: { policy: true } },
  };

  const owners = (drift: readonly object[]) =>
    findDifferences(plan(drift, [policy])).map(({ owner, address }) => [owner, address]);

  expect(owners([opened])).toEqual([['a person', group]]);
  expect(owners([])).toEqual([['Terraform', 'aws_iam_role_policy.start']]);
});

test("an account id that an emulator makes up is nobody's work", () => {
  const domain = resource(
    'module.access.aws_cognito_user_pool_domain.main',
    ['update'],
    { aws_account_id: 'a' },
    { aws_account_id: 'b' },
  );

  expect(findDifferences(plan([domain]))).toEqual([]);
});

test('what was removed by hand is told once, although Terraform would make it again', () => {
  const removed = resource(group, ['delete'], {}, null);
  const made = resource(group, ['create'], null, {});

  expect(findDifferences(plan([removed], [made])).map(describeDifference)).toEqual([
    `${group} is removed by hand (a person)`,
  ]);
});

test('a number of tasks belongs to the autoscaler, the rest of the service does not', () => {
  const service = resource(
    'aws_ecs_service.this',
    ['update'],
    { desired_count: 2, task_definition: 'api:1' },
    { desired_count: 5, task_definition: 'api:2' },
  );

  expect(findDifferences(plan([service])).map(describeDifference)).toEqual([
    'aws_ecs_service.this is scaled: desired_count (the autoscaler)',
    'aws_ecs_service.this is changed by hand: task_definition (a person)',
  ]);
});

test('code that nobody applied is told as such, also beside what was done by hand', () => {
  const byHand = resource(group, ['update'], { ingress: [] }, { ingress: [1] });
  const both = resource(group, ['update'], { ingress: [1], name: 'a' }, { ingress: [], name: 'b' });
  const added = resource('aws_sns_topic.new', ['create'], null, { name: 'x' });

  const owners = findDifferences(plan([byHand], [both, added])).map(({ owner, address, attributes }) => [
    owner,
    address,
    attributes,
  ]);

  expect(owners).toEqual([
    ['a person', group, ['ingress']],
    ['Terraform', group, ['name']],
    ['Terraform', 'aws_sns_topic.new', ['name']],
  ]);
});

test('the report fails by what needs somebody, and tells no value', () => {
  const scaled = resource('aws_ecs_service.this', ['update'], { desired_count: 2 }, { desired_count: 5 });
  const byHand = resource(group, ['update'], { ingress: [] }, { ingress: ['hush'] });

  const [good, bad] = [[scaled], [scaled, byHand]].map((drift) =>
    reportDrift('dev', findDifferences(plan(drift))),
  );

  expect(good).toMatchObject({ id: 'drift-dev', result: 'PASSED', details: 'dev is as it was applied.' });
  expect(bad).toMatchObject({ result: 'FAILED', data: [{ value: 1 }, { value: 0 }, { value: 1 }] });
  expect(JSON.stringify(bad)).not.toContain('hush');
});

test('the commit that runs is the tag of what was applied, however deep it lies', () => {
  const tagged = { values: { tags_all: { commit: 'abcdef0' } } };
  const untagged = { values: { tags_all: null } };
  const state = {
    values: { root_module: { resources: [untagged], child_modules: [{}, { resources: [tagged] }] } },
  };

  expect(deployedCommit(JSON.stringify(state))).toBe('abcdef0');
  expect(() => deployedCommit('{}')).toThrow('Nothing in the state has the tag `commit`.');
});
