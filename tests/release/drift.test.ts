import { expect, test } from '@jest/globals';
import {
  describeChanges,
  describeDifference,
  findDifferences,
  reportDrift,
} from '../../tools/lib/terraform/drift.ts';
import { deployedCommit } from '../../tools/lib/terraform/service-root.ts';

type Values = Readonly<Record<string, unknown>> | null;
const resource = (
  address: string,
  actions: readonly string[],
  before: Values,
  after: Values,
  unknown: Values = {},
) => ({
  address,
  mode: address.startsWith('data.') ? 'data' : 'managed',
  type: address.split('.').at(-2),
  change: { actions, before, after, after_unknown: unknown },
});
const plan = (drift: readonly object[], changes: readonly object[] = []): string =>
  JSON.stringify({ resource_drift: drift, resource_changes: changes });
const drifted = (...parts: Parameters<typeof plan>): readonly string[] =>
  findDifferences(plan(...parts)).map(describeDifference);
const group = 'module.x.aws_security_group.api';
const opened = resource(group, ['update'], { ingress: [] }, { ingress: ['hush'] });
const service = 'aws_ecs_service.this';
const scaled = resource(service, ['update'], { desired_count: 2 }, { desired_count: 5 });
const list = 'module.web_acl.aws_wafv2_ip_set';
const told = (name: string, before: Values, after: Values) =>
  resource(`${list}.${name}`, ['update'], before, after);
const [none, all] = [{ addresses: [] }, { addresses: ['0.0.0.0/1'] }];

test.each([
  [
    'a plan without a difference',
    [],
    [resource(group, ['no-op'], {}, {}), resource('data.x.y', ['read'], null, {})],
    [],
  ],
  [
    'what was changed by hand, once, although Terraform would undo it',
    [opened],
    [resource(group, ['update'], { ingress: ['hush'] }, { ingress: [] })],
    [`${group} is changed by hand: ingress (a person)`],
  ],
  [
    'what was removed by hand, once, although Terraform would make it again',
    [resource(group, ['delete'], {}, null)],
    [resource(group, ['create'], null, {})],
    [`${group} is removed by hand (a person)`],
  ],
  [
    'a number of tasks is of the autoscaler, the rest of the service is not',
    [
      resource(
        service,
        ['update'],
        { desired_count: 2, task_definition: 'api:1' },
        { desired_count: 5, task_definition: 'api:2' },
      ),
    ],
    [],
    [
      'aws_ecs_service.this is scaled: desired_count (the autoscaler)',
      'aws_ecs_service.this is changed by hand: task_definition (a person)',
    ],
  ],
  [
    'maintenance mode is of who turned it on; the rest of its list is not',
    [
      told(
        'maintenance',
        { ...none, lock_token: 'a', description: 'mine' },
        { ...all, lock_token: 'b', description: 'hers' },
      ),
    ],
    [],
    [
      'module.web_acl.aws_wafv2_ip_set.maintenance is on: addresses, lock_token (make maintenance)',
      'module.web_acl.aws_wafv2_ip_set.maintenance is changed by hand: description (a person)',
    ],
  ],
  [
    'another list of addresses has no such owner, and maintenance that a release remembers is over',
    [told('partners', none, all), told('maintenance', all, none)],
    [],
    [
      'module.web_acl.aws_wafv2_ip_set.partners is changed by hand: addresses (a person)',
      'module.web_acl.aws_wafv2_ip_set.maintenance is over: addresses (make maintenance)',
    ],
  ],
  [
    'code that nobody applied, also beside what was done by hand',
    [opened],
    [
      resource(group, ['update'], { ingress: [1], name: 'a' }, { ingress: [], name: 'b' }),
      resource('aws_sns_topic.new', ['create'], null, { name: 'x' }),
    ],
    [
      `${group} is changed by hand: ingress (a person)`,
      `${group} is in the code, not applied: name (Terraform)`,
      'aws_sns_topic.new is in the code, not applied: name (Terraform)',
    ],
  ],
  [
    'a policy that is unknown only because of what was changed by hand: nothing of its own',
    [opened],
    [resource('aws_iam_role_policy.start', ['update'], { policy: 'a' }, {}, { policy: true })],
    [`${group} is changed by hand: ingress (a person)`],
  ],
  [
    'a policy that is unknown for another reason',
    [],
    [resource('aws_iam_role_policy.start', ['update'], { policy: 'a' }, {}, { policy: true })],
    ['aws_iam_role_policy.start is in the code, not applied: policy (Terraform)'],
  ],
  [
    'an account id that an emulator makes up',
    [
      resource(
        'aws_cognito_user_pool_domain.main',
        ['update'],
        { aws_account_id: 'a' },
        { aws_account_id: 'b' },
      ),
    ],
    [],
    [],
  ],
] as const)('%s', (_what, drift, changes, meant) => {
  expect(drifted(drift, changes)).toEqual(meant);
});

const empties = [null, '', {}, [], { inner: [] }, { inner: { deep: '' } }];
test.each(empties.flatMap((before) => empties.map((after) => [before, after] as const)))(
  'nobody turns %j into %j: both say that there is nothing',
  (before, after) => {
    const change = resource(group, ['update'], { tags: before }, { tags: after });

    expect(drifted([change], [change])).toEqual([]);
  },
);

const different: readonly (readonly [unknown, unknown])[] = empties.flatMap((empty) => [
  [empty, { a: 'b' }] as const,
  [{ a: 'b' }, empty] as const,
  [empty, 0] as const,
  [false, empty] as const,
]);
test.each(different)('%j is not %j', (before, after) => {
  const change = resource(group, ['update'], { tags: before }, { tags: after });

  expect(drifted([change])).toEqual([`${group} is changed by hand: tags (a person)`]);
});

test('the report fails by what needs somebody, and tells no value', () => {
  const [good, bad] = [[scaled], [scaled, opened]].map((drift) =>
    reportDrift('dev', findDifferences(plan(drift))),
  );

  expect(good).toMatchObject({ id: 'drift-dev', result: 'PASSED', details: 'dev is as it was applied.' });
  expect(bad).toMatchObject({ result: 'FAILED', data: [{ value: 1 }, { value: 0 }, { value: 1 }] });
  expect(JSON.stringify(bad)).not.toContain('hush');
});

test('what a second plan would change is named by its attributes, without a value', () => {
  const text = JSON.stringify({
    resource_changes: [
      resource('a.new', ['create'], null, { secret: 'hush' }),
      resource('a.same', ['no-op'], {}, {}),
      resource('a.moved', ['delete', 'create'], { x: 1 }, { x: 2 }),
      resource('a.edited', ['update'], { x: 1, y: [1], z: 'old' }, { x: 1, y: [2] }, { z: true }),
    ],
    output_changes: { url: { actions: ['update'] }, region: { actions: ['no-op'] } },
  });

  expect(describeChanges(text)).toEqual([
    '  create a.new',
    '  delete+create a.moved',
    '  update a.edited: y, z',
    '  update output url',
  ]);
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
