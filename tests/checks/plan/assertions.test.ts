import {
  absent,
  atLeast,
  each,
  exactly,
  from,
  json,
  knownAfterApply,
  not,
  oneOf,
  present,
} from '../../../tools/lib/terraform/matchers.ts';
import type { PlanJson } from '../../../tools/lib/terraform/plan-json.ts';
import { Plan } from '../../../tools/lib/terraform/plan.ts';

/** A table in a module, encrypted with a key of the root that reaches it through a variable and an output. */
const tableInModule: PlanJson = {
  resource_changes: [
    {
      address: 'module.table.aws_dynamodb_table.main',
      module_address: 'module.table',
      mode: 'managed',
      type: 'aws_dynamodb_table',
      name: 'main',
      change: {
        actions: ['create'],
        before: null,
        after: {
          name: 'movies-dev',
          deletion_protection_enabled: true,
          point_in_time_recovery: [{ enabled: true, days: 35 }],
          server_side_encryption: [{ enabled: true }],
          attribute: [
            { name: 'year', type: 'N' },
            { name: 'title', type: 'S' },
          ],
          policy: '{"Statement":[{"Effect":"Allow","Action":"dynamodb:Query"}]}',
          tags: null,
        },
        after_unknown: { id: true, server_side_encryption: [{ kms_key_arn: true }], attribute: [{}, {}] },
      },
    },
    ...['one', 'two'].map((name) => ({
      address: `module.keys.aws_kms_key.${name}`,
      mode: 'managed' as const,
      type: 'aws_kms_key',
      name,
      change: {
        actions: ['create' as const],
        after: { enable_key_rotation: name === 'one' },
        after_unknown: { arn: true },
      },
    })),
  ],
  configuration: {
    root_module: {
      module_calls: {
        keys: {
          source: './keys',
          module: {
            resources: [{ address: 'aws_kms_key.one' }, { address: 'aws_kms_key.two' }],
            outputs: { arn: { expression: { references: ['aws_kms_key.one.arn', 'aws_kms_key.one'] } } },
          },
        },
        table: {
          source: './table',
          expressions: {
            key_arn: { references: ['module.keys.arn', 'module.keys'] },
            name: { references: ['local.name'] },
          },
          module: {
            resources: [
              {
                address: 'aws_dynamodb_table.main',
                expressions: {
                  name: { references: ['var.name'] },
                  server_side_encryption: [
                    { enabled: { constant_value: true }, kms_key_arn: { references: ['var.key_arn'] } },
                  ],
                },
              },
            ],
          },
        },
      },
    },
  },
};

const withActions = (
  ...actions: readonly ('create' | 'delete' | 'update' | 'no-op' | 'read' | 'forget')[]
): Plan =>
  new Plan({
    resource_changes: [
      {
        address: 'aws_sns_topic.main',
        mode: 'managed',
        type: 'aws_sns_topic',
        name: 'main',
        change: { actions, after: {} },
      },
    ],
    configuration: { root_module: {} },
  });

describe('a planned resource', () => {
  const table = new Plan(tableInModule).resource('aws_dynamodb_table', 'main');

  test('matches in part, sees through nested blocks and follows references across modules', () => {
    table.has({
      name: /^movies-/,
      deletion_protection_enabled: true,
      point_in_time_recovery: { enabled: true, days: atLeast(35) },
      server_side_encryption: { enabled: true, kms_key_arn: from('aws_kms_key.one') },
      attribute: [{ name: 'title' }],
      id: knownAfterApply,
      policy: json({ Statement: [{ Action: oneOf('dynamodb:Query', 'dynamodb:Scan') }] }),
      tags: absent,
      unheard_of: absent,
    });
  });

  test('names every mismatch at once, with what was expected and what is there', () => {
    const compare = (): void => {
      table.has({
        deletion_protection_enabled: false,
        point_in_time_recovery: { days: 7 },
        id: 'arn',
      });
    };

    expect(compare).toThrow(
      [
        'The plan differs:',
        '  module.table.aws_dynamodb_table.main',
        '    deletion_protection_enabled: expected false, got true',
        '    point_in_time_recovery.days: expected 7, got 35',
        '    id: expected "arn", got (known after apply)',
      ].join('\n'),
    );
  });

  test('that is one of many is told by its name, with what it differs in', () => {
    expect(() => {
      table.has({ attribute: exactly({ name: 'year', type: 'B' }, { name: 'title', type: 'S' }) });
    }).toThrow('attribute.type: expected "B" (of the one whose name is "year"), got "N"');
  });

  test.each([
    ['another key', { server_side_encryption: { kms_key_arn: from('aws_kms_key.two') } }],
    ['a reference through a local', { name: from('aws_kms_key.one') }],
    ['an element that is not there', { attribute: [{ name: 'rating' }] }],
    ['one element that serves two expectations', { attribute: [{ type: 'S' }, { type: 'S' }] }],
    ['elements beyond exactly', { attribute: exactly({ name: 'year' }) }],
    ['an element unlike each', { attribute: each({ type: 'S' }) }],
    ['each of none', { unheard_of: each({}) }],
    ['a regular expression on what is unknown', { id: /./ }],
    ['presence of what is null', { tags: present }],
    ['absence of what is unknown', { id: absent }],
    ['knownAfterApply on what is known', { name: knownAfterApply }],
    ['the opposite', { name: not(/^movies-/) }],
    ['none of several', { name: oneOf('a', 'b') }],
    ['too small a number', { point_in_time_recovery: { days: atLeast(36) } }],
    ['other JSON', { policy: json({ Statement: [{ Effect: 'Deny' }] }) }],
    ['JSON in what is no string', { id: json({}) }],
    ['a block on a scalar', { name: { enabled: true } }],
    ['a list on a scalar', { name: ['x'] }],
  ])('does not match %s', (_case, shape) => {
    expect(() => {
      table.has(shape);
    }).toThrow('The plan differs');
  });

  test('that is not there is answered with what is', () => {
    expect(() => new Plan(tableInModule).resource('aws_kms_key', 'three')).toThrow(
      'The plan has no aws_kms_key "three"; it has: module.keys.aws_kms_key.one, module.keys.aws_kms_key.two',
    );
  });

  test('that is ambiguous is refused', () => {
    expect(() => new Plan(tableInModule).resource('aws_kms_key', 'module.keys')).toThrow(
      'several aws_kms_key',
    );
  });
});

describe('all resources of a type', () => {
  const plan = new Plan(tableInModule);

  test('every fails on the one that differs, by address', () => {
    expect(() => {
      plan.every('aws_kms_key', { enable_key_rotation: true });
    }).toThrow('1 of 2 aws_kms_key differ:\n  module.keys.aws_kms_key.two');
  });

  test('every fails when there is nothing to look at', () => {
    expect(() => {
      plan.every('aws_sqs_queue', {});
    }).toThrow('the plan has none');
  });

  test('every passes when all match', () => {
    plan.every('aws_kms_key', { arn: knownAfterApply });
  });

  test('none fails on the one that is there, by address', () => {
    expect(() => {
      plan.none('aws_kms_key', { enable_key_rotation: false });
    }).toThrow('module.keys.aws_kms_key.two');
  });

  test('none passes when nothing matches', () => {
    plan.none('aws_kms_key', { enable_key_rotation: 'sometimes' });
  });
});

describe('what a plan does', () => {
  test.each([[['delete']], [['delete', 'create']], [['create', 'delete']], [['forget']]] as const)(
    '%j destroys',
    (actions) => {
      expect(() => {
        withActions(...actions).destroysNothing();
      }).toThrow('aws_sns_topic.main');
    },
  );

  test.each([[['create']], [['update']], [['no-op']]] as const)('%j destroys nothing', (actions) => {
    withActions(...actions).destroysNothing();
  });
});
