import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import {
  publicForm,
  renderDocuments,
  type Document,
  type Documents,
} from '../../../tools/checks/roles/documents.ts';
import { actionOf, compareAccount, requestsOf, withPerson } from '../../../tools/checks/roles/account.ts';
import { describeEnvironments } from '../../../tools/checks/roles/environments.ts';
import { evaluate, isRight } from '../../../tools/checks/roles/evaluate.ts';
import { deriveRequests, readRequests, tokenRequests } from '../../../tools/checks/roles/requests.ts';
import {
  actionsOf,
  bySecondReference,
  judgeDependents,
  judgeResourcePolicies,
  judgeStatements,
  takeovers,
  type SecondReference,
} from '../../../tools/checks/roles/statements.ts';
import type { Reference } from '../../../tools/lib/iam-evaluator.ts';
import { replaceBlock } from '../../../tools/lib/markdown.ts';
import { readDefinition } from '../../../tools/lib/pipeline-definition.ts';
import {
  answerFaults,
  claimsOf,
  prove,
  readFaults,
  readInvariants,
} from '../../../tools/checks/roles/prove.ts';
import { giveReasons, subtract } from '../../../tools/checks/roles/subtract.ts';
import { describeWith, evaluator, program } from '../../support/requirements.ts';
import { awsProvider, registryModules, terraform } from '../../support/terraform.ts';

const project = resolve(import.meta.dirname, '../../..');
const prover = program(join(project, '.cache', 'python', 'iamprover', 'bin', 'python3'), 'make tools', [
  '--help',
]);
const minutesMs = 60_000;

describeWith([terraform, awsProvider, registryModules], 'the documents of the roles', () => {
  let documents: Documents;
  beforeAll(async () => {
    documents = await renderDocuments(project);
  }, 5 * minutesMs);

  const pipeline = readFileSync(join(project, 'bitbucket-pipelines.yml'), 'utf8');
  /** The documents with the trust of one role written otherwise. */
  const trusting = (role: string, from: string | RegExp, to: string): Documents => {
    const { [role]: changed, ...others } = documents.roles;
    const trust = JSON.parse(JSON.stringify(changed?.trust).replace(from, to)) as Document;
    expect(trust).not.toEqual(changed?.trust);
    return { ...documents, roles: { ...others, ...(changed && { [role]: { ...changed, trust } }) } };
  };

  test("docs/deploy.md lists each environment of Bitbucket as the trust policies expect it, in the pipeline's use", () => {
    const page = readFileSync(join(project, 'docs/deploy.md'), 'utf8');
    const list = describeEnvironments(documents, readDefinition(pipeline));

    expect(list.match(/^\| ☐ /gm)).toHaveLength(7);
    expect(replaceBlock(page, 'environments', list)).toBe(page);
  });

  test.each([
    ['every step of the repository', 'dev-apply', /:\{[0-9a-f-]{36}\}:\*/, ':*'],
    ['another environment, too', 'prod-plan', /"(\{[^"]*:)\{([0-9a-f-]{36})\}:\*"/, '["$1{$2}:*","$1{0}:*"]'],
    ['no environment by name', 'build', /:sub"/, ':step"'],
  ])('a role that trusts %s stands in no list: the list is refused', (_whom, role, from, to) => {
    expect(() => describeEnvironments(trusting(role, from, to), readDefinition(pipeline))).toThrow(
      `The role ${role} trusts`,
    );
  });

  test('a step that deploys to an environment which no role trusts is named', () => {
    const changed = pipeline.replace('deployment: staging-plan', 'deployment: attic');

    expect(() => describeEnvironments(documents, readDefinition(changed))).toThrow(
      'The pipeline deploys to attic, which no role trusts.',
    );
  });

  test('each role of the service has its boundary, and no document holds what is not known yet', () => {
    const names = ['task', 'execution', 'events', 'flow-logs', 'workload'].map((name) => `staging-${name}`);
    const boundary = documents.roles['staging-workload']?.boundary;

    expect(Object.keys(documents.roles)).toEqual(expect.arrayContaining([...names, 'prod-backup']));
    expect(names.map((name) => documents.roles[name]?.boundary)).toEqual(names.map(() => boundary));
    expect(JSON.stringify(documents)).not.toMatch(/\$\{(?!aws:|\*)|unknown|123456789012/);
  });

  test('others are given roles with ARN, documents, boundary and trust, and keys with their policies', () => {
    const form = publicForm(documents);

    expect(Object.keys(form)).toEqual(['account', 'region', 'project', 'roles', 'keys']);
    expect(form.keys).toMatchObject({ signing: {}, state: {}, images: {} });
    expect(form.roles['dev-workload']).toEqual({
      arn: 'arn:aws:iam::111122223333:role/movies-api-dev-task',
      identity: [{ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }],
      boundary: documents.roles['dev-workload']?.boundary,
      trust: documents.roles['dev-workload']?.trust,
    });
  });

  test('no policy of a resource lets anybody in by itself', () => {
    expect(judgeResourcePolicies(documents)).toEqual([]);
  });

  test('a key that lets everybody in is named', () => {
    const state = documents.keys['state'];
    const policy: Document = {
      Version: '2012-10-17',
      Statement: [
        { Sid: 'Open', Effect: 'Allow', Principal: { AWS: '*' }, Action: 'kms:Decrypt', Resource: '*' },
      ],
    };

    expect(
      judgeResourcePolicies({ ...documents, keys: { state: { arn: state?.arn ?? '', policy } } }),
    ).toContain(`${state?.arn ?? ''}, Open: everybody is let in`);
  });

  test('each key can be administered, frozen, and asked what the provider asks', () => {
    const needed = ['kms:GetKeyRotationStatus', 'kms:DisableKey', 'kms:PutKeyPolicy'];
    const delegated = Object.entries(documents.keys).map(([name, { policy }]) => ({
      name,
      actions: [policy.Statement[0]?.Action ?? []].flat(),
    }));

    expect(delegated.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['state', 'images', 'signing', 'dev-table', 'dev-main', 'prod-backup']),
    );
    expect(
      delegated.filter(
        ({ actions }) => !actions.includes('kms:*') && !needed.every((one) => actions.includes(one)),
      ),
    ).toEqual([]);
  });

  test('no managed policy is longer than IAM takes', () => {
    const lengths = Object.values(documents.roles).flatMap(({ identity, boundary }) =>
      [...identity, boundary].map((document) => JSON.stringify(document).length),
    );

    expect(Math.max(...lengths)).toBeLessThanOrEqual(6144);
  });

  const open: Document = {
    Version: '2012-10-17',
    Statement: [{ Sid: 'Open', Effect: 'Allow', Action: 's3:*', Resource: '*' }],
  };
  type Role = Documents['roles'][string];
  const withTask = (change: (role: Role) => Partial<Role>): Partial<Documents> => {
    const role = documents.roles['dev-task'];
    if (role === undefined) throw new Error('dev has no task role');
    return { roles: { ...documents.roles, 'dev-task': { ...role, ...change(role) } } };
  };
  const withPolicy = (kind: 'keys' | 'buckets' | 'topics' | 'logs'): Partial<Documents> => {
    const [[name, held] = ['', undefined]] = Object.entries(documents[kind]);
    if (held === undefined) throw new Error(`there are no ${kind}`);
    return { [kind]: { ...documents[kind], [name]: { ...held, policy: open } } };
  };

  test.each<[string, string, () => Partial<Documents>]>([
    ['role dev-task, Open', 'account', () => withTask(({ identity }) => ({ identity: [...identity, open] }))],
    ['trust of dev-task, Open', 'account', () => withTask(() => ({ trust: open }))],
    ['boundary of dev-task, Open', 'account', () => withTask(() => ({ boundary: open }))],
    ['boundary of dev-task', 'documents', () => withTask(() => ({ boundary: null }))],
    ['role dev-task arn:.* for 43200 s', 'account', () => withTask(() => ({ maxSessionSeconds: 43_200 }))],
    [
      'role helper arn',
      'account',
      () => ({ roles: { ...documents.roles, helper: { ...documents.roles['dev-task'] } as Role } }),
    ],
    [
      'role dev-task arn',
      'documents',
      () => ({
        roles: Object.fromEntries(Object.entries(documents.roles).filter(([name]) => name !== 'dev-task')),
      }),
    ],
    ['keys .*, Open', 'account', () => withPolicy('keys')],
    ['buckets .*, Open', 'account', () => withPolicy('buckets')],
    ['topics .*, Open', 'account', () => withPolicy('topics')],
    ['logs .*, Open', 'account', () => withPolicy('logs')],
  ])('%s that is in the %s alone is named', (what, where, change) => {
    const differences = compareAccount({ documents: { ...documents, ...change() }, rendered: documents });

    expect(differences).toContainEqual(expect.stringMatching(`^${what}.*in the ${where} alone`));
  });

  test('an account that has what the documents say differs in nothing', () => {
    expect(compareAccount({ documents, rendered: structuredClone(documents) })).toEqual([]);
  });

  describeWith([evaluator], 'by the evaluator', () => {
    let reference: Reference;
    beforeAll(async () => {
      ({ reference } = await evaluate(project, documents, [], actionsOf(documents)));
    }, minutesMs);

    /** Replaces each statement of dev's apply role by what `change` makes of it. */
    const planted = (
      change: (statement: Document['Statement'][number]) => Document['Statement'][number],
    ): Documents => {
      const role = documents.roles['dev-apply'];
      if (role === undefined) throw new Error('dev has no apply role');
      const identity = role.identity.map((document) => ({
        ...document,
        Statement: document.Statement.map(change),
      }));
      return {
        ...documents,
        roles: { ...documents.roles, 'dev-apply': { ...role, identity, boundary: null } },
      };
    };

    test(
      'a right to tag that asks for no tag that is there opens a pair, and is found',
      async () => {
        const open = planted((statement) =>
          statement.Sid === 'CreateTaggedKeys'
            ? { ...statement, Condition: { StringEquals: statement.Condition?.['StringEquals'] ?? {} } }
            : statement,
        );
        const requests = takeovers(open, reference).filter(({ action }) => action === 'kms:TagResource');
        const before = await evaluate(project, documents, requests);
        const after = await evaluate(project, open, requests);

        expect(requests.length).toBeGreaterThan(0);
        expect(before.decisions.map(({ decision }) => decision)).not.toContain('Allowed');
        expect(after.decisions.map(({ decision }) => decision)).toContain('Allowed');
      },
      minutesMs,
    );

    test(
      'a right that no request needs is named, and one that a request needs is not',
      async () => {
        const task = documents.roles['dev-task'];
        if (task === undefined) throw new Error('dev has no task role');
        const only = { ...documents, roles: { 'dev-task': { ...task, boundary: null } } };
        const requests = readRequests('t', 'allow task xray:PutTraceSegments *', documents);
        const { idle } = await subtract(project, only, requests);

        expect(idle).toContain('ENV-task WriteMetrics statement');
        expect(idle).not.toContain('ENV-task SendTraces statement');
        expect(idle).toContain('ENV-task TableKeyThroughDynamoDb condition StringEquals kms:ViaService');
      },
      minutesMs,
    );

    test(
      'a condition is noticed that both a role and its boundary have: each is played alone',
      async () => {
        const role = documents.roles['dev-task'];
        if (role === undefined) throw new Error('dev has no task role');
        const Condition = { StringEquals: { 'aws:RequestedRegion': 'eu-west-1' } };
        const limited = {
          Version: '2012-10-17',
          Statement: [
            {
              Sid: 'Trace',
              Effect: 'Allow' as const,
              Action: 'xray:PutTraceSegments',
              Resource: '*',
              Condition,
            },
          ],
        };
        const twice = {
          ...documents,
          roles: { 'dev-task': { ...role, identity: [limited], boundary: limited } },
        };
        const table =
          'allow task xray:PutTraceSegments *\ndeny task xray:PutTraceSegments * aws:RequestedRegion=us-west-2';
        const { idle, played } = await subtract(project, twice, readRequests('t', table, documents));

        expect({ idle, played }).toEqual({ idle: [], played: 4 });
      },
      minutesMs,
    );

    test(
      'a topic that trusts whatever account is found by the request of a stranger',
      async () => {
        const table =
          'deny cloudwatch.amazonaws.com sns:Publish arn:sns:movies-api-dev-page aws:SourceAccount=999988887777';
        const requests = readRequests('t', table, documents);
        const { arn = '', policy } = documents.topics['dev-page'] ?? {};
        const Statement = (policy?.Statement ?? []).map((statement) => ({ ...statement, Condition: {} }));
        const open = {
          ...documents,
          topics: { page: { arn, policy: { Version: '2012-10-17', Statement } } },
        };
        const decided = await Promise.all(
          [documents, open].map(
            async (one) => (await evaluate(project, one, requests)).decisions[0]?.decision,
          ),
        );

        expect(decided).toEqual(['ImplicitlyDenied', 'Allowed']);
      },
      minutesMs,
    );

    test(
      'of a call that was made: what it names, with its tags or those that it gives, by the role that made it',
      async () => {
        const subnet = {
          ...{ address: 'aws_subnet.x', mode: 'managed', type: 'aws_subnet', environment: 'dev' },
          values: {
            id: 'subnet-0123456789abcdef0',
            arn: 'arn:aws:ec2:eu-west-1:111122223333:subnet/subnet-0123456789abcdef0',
            tags_all: { project: 'movies-api', environment: 'dev' },
          },
        };
        const table = {
          ...{ address: 'aws_route_table.x', mode: 'managed', type: 'aws_route_table', environment: 'dev' },
          values: {
            id: 'rtb-0123456789abcdef0',
            arn: 'arn:aws:ec2:eu-west-1:111122223333:route-table/rtb-0123456789abcdef0',
            tags_all: subnet.values.tags_all,
          },
        };
        const joined = {
          ...{ ...table, type: 'aws_route_table_association' },
          values: { id: 'rtbassoc-0123456789abcdef0', route_table_id: table.values.id },
        };
        const call = (
          caller: string,
          action: string,
          given: Record<string, string>,
          made: string[] = [],
        ) => ({
          ...{ caller, action, given, made },
        });
        const tagged = {
          'Tag.1.Key': 'project',
          'Tag.1.Value': 'movies-api',
          'Tag.2.Key': 'environment',
          'Tag.2.Value': 'dev',
        };
        const calls = [
          call('dev-apply', 'ec2.DeleteSubnet', { SubnetId: subnet.values.id }),
          call('prod-apply', 'ec2.DeleteSubnet', { SubnetId: subnet.values.id }),
          call('dev-apply', 'ec2.CreateVpc', tagged, ['vpc-0123456789abcdef0']),
          call('arn:aws:iam::111122223333:role/pipeline/movies-api-dev-plan', 'monitoring.PutDashboard', {
            DashboardName: 'movies-api-dev',
          }),
          call('person', 'kms.DescribeKey', { KeyId: documents.keys['signing']?.arn ?? '' }),
          call('somebody', 'ec2.DeleteSubnet', { SubnetId: subnet.values.id }),
          call('dev-apply', 'ec2.DeleteSubnet', { Filter: 'unheard' }),
          call('dev-execution', 'logs.CreateLogStream', {
            ...{ logGroupName: '/movies-api-dev/api', logStreamName: 'api/api/1' },
          }),
          call('dev-task', 'dynamodb.Query', { TableName: 'movies-api-dev', IndexName: 'by-rating' }),
          call('dev-task', 'dynamodb.BatchWriteItem', { TableName: 'movies-api-dev' }),
          call('dev-apply', 'ecs.ListTasks', { cluster: 'movies-api-dev', serviceName: 'movies-api-dev' }),
          call('dev-apply', 'ecs.ListTasks', { cluster: 'movies-api-prod' }),
          call('dev-apply', 'monitoring.DeleteDashboards', { 'DashboardNames.member.1': 'movies-api-dev' }),
          call('dev-apply', 'ec2.DisassociateRouteTable', { AssociationId: 'rtbassoc-0123456789abcdef0' }),
        ];
        const { reference: known } = await evaluate(
          project,
          documents,
          [],
          calls.map(({ action }) => actionOf(action)),
        );
        const { requests, unknown } = requestsOf(
          { documents, rendered: documents, resources: [subnet, table, joined], calls },
          known,
        );
        const { decisions } = await evaluate(project, withPerson(documents), requests);

        expect(unknown).toEqual(['dev-apply ec2:DeleteSubnet unheard']);
        expect(requests.map(({ role, action }, at) => [role, action, decisions[at]?.decision])).toEqual([
          ['dev-apply', 'ec2:DeleteSubnet', 'Allowed'],
          ['prod-apply', 'ec2:DeleteSubnet', 'ExplicitlyDenied'],
          ['dev-apply', 'ec2:CreateVpc', 'Allowed'],
          ['dev-plan', 'cloudwatch:PutDashboard', 'ImplicitlyDenied'],
          ['person', 'kms:DescribeKey', 'Allowed'],
          ['dev-execution', 'logs:CreateLogStream', 'Allowed'],
          ['dev-task', 'dynamodb:Query', 'Allowed'],
          ['dev-task', 'dynamodb:Query', 'Allowed'],
          ['dev-task', 'dynamodb:BatchWriteItem', 'ImplicitlyDenied'],
          ['dev-apply', 'ecs:ListTasks', 'Allowed'],
          ['dev-apply', 'ecs:ListTasks', 'ImplicitlyDenied'],
          ['dev-apply', 'cloudwatch:DeleteDashboards', 'Allowed'],
          ['dev-apply', 'ec2:DisassociateRouteTable', 'Allowed'],
        ]);
      },
      minutesMs,
    );

    test('the statements keep to the reference, and one that does not is named', () => {
      const wrong = planted((statement) =>
        statement.Sid === 'ChangeOwnPlan'
          ? {
              Sid: 'ChangeOwnPlan',
              Effect: 'Allow',
              Action: ['backup:DeleteBackupPlan', 'backup:EatPlan'],
              Resource: ['arn:aws:backup:*:111122223333:backup-plan:*'],
            }
          : statement,
      );

      expect(judgeStatements(documents, reference)).toEqual([]);
      expect(judgeStatements(wrong, reference)).toEqual([
        'dev-apply, ChangeOwnPlan: backup:EatPlan does not exist',
        'dev-apply, ChangeOwnPlan: backup:DeleteBackupPlan on a whole type without an environment',
      ]);
    });

    test(
      'where a second reference knows no resource, the whole is asked; what it says an action depends on is named',
      async () => {
        const second: SecondReference = (action) =>
          ({
            'ecs:RegisterTaskDefinition': { types: [], dependents: [] },
            'scheduler:DeleteScheduleGroup': {
              types: ['group'],
              dependents: ['scheduler:DeleteSchedule', 'apprunner:X'],
            },
          })[action];
        const table = 'allow apply ecs:RegisterTaskDefinition arn:ecs:task-definition/movies-api-dev:1 rt';
        const asked = bySecondReference(readRequests('t', table, documents), second);
        const without = (action: string): Documents =>
          planted((statement) => ({
            ...statement,
            Action: [statement.Action ?? []].flat().filter((one) => one !== action),
            ...(statement.Sid === 'RegisterTasks' ? { Resource: 'arn:aws:ecs:*:*:task-definition/*' } : {}),
          }));
        const decided = await Promise.all(
          [documents, without('')].map(
            async (one) => (await evaluate(project, one, asked)).decisions[0]?.decision,
          ),
        );

        expect(asked).toMatchObject([{ action: 'ecs:RegisterTaskDefinition', literal: true }]);
        expect(decided).toEqual(['Allowed', 'ImplicitlyDenied']);
        expect(judgeDependents(documents, second)).toEqual([]);
        expect(judgeDependents(without('scheduler:DeleteSchedule'), second)).toEqual([
          'dev-apply: scheduler:DeleteScheduleGroup depends on scheduler:DeleteSchedule, which no statement allows',
        ]);
      },
      minutesMs,
    );

    test('what nobody notices needs a reason, and a reason something to explain', () => {
      const idle = ['ENV-task A statement', 'ENV-apply B condition StringEquals kms:ViaService'];

      expect(giveReasons(idle, '# head\n*kms:ViaService -- the key asks, too\nbuild * -- gone\n')).toEqual({
        open: ['ENV-task A statement'],
        stale: ['build *'],
      });
    });

    test(
      'a token takes the role of its own step, and no other',
      async () => {
        const requests = tokenRequests(documents);
        const { decisions } = await evaluate(project, documents, requests);

        expect(requests.filter(({ expected }) => expected === 'allow')).toHaveLength(7);
        expect(requests.filter((request, index) => !isRight(request, decisions[index]))).toEqual([]);
      },
      minutesMs,
    );
  });
});

describeWith([terraform, awsProvider, registryModules], 'the tables of requests', () => {
  test('a line that is no request is named with its number', async () => {
    const documents = await renderDocuments(project);

    expect(() => readRequests('t', '# head\nmaybe apply kms:Sign signing\n', documents)).toThrow(
      't:2 is no request',
    );
    expect(() => readRequests('t', 'deny nobody kms:Sign signing\n', documents)).toThrow('t:1 is no request');
  });

  test('a planned type that the table lacks is named', async () => {
    const documents = await renderDocuments(project);
    const planned = [
      { address: 'aws_lb.x', mode: 'managed', type: 'aws_lb', change: { after: { name: 'movies-api-dev' } } },
    ];

    expect(deriveRequests('dev', planned, 'aws_vpc apply ec2:CreateVpc * rt', documents)).toEqual({
      requests: [],
      unknown: ['aws_lb'],
    });
  });
});

describeWith([terraform, awsProvider, registryModules, evaluator, prover], 'what is proven', () => {
  const table = (name: string): string =>
    readFileSync(join(project, 'tests', 'checks', 'roles', name), 'utf8');
  let documents: Documents;
  beforeAll(async () => {
    documents = await renderDocuments(project);
  }, 5 * minutesMs);

  test('each fault breaks an invariant of the table, and is planted', () => {
    const names = readInvariants('i', table('invariants.txt'), documents).map(
      ({ name }) => name.split(' ')[0],
    );
    const faults = readFaults('f', table('faults.txt'), documents);

    expect(new Set(names).size).toBeGreaterThanOrEqual(20);
    expect(faults.length).toBeGreaterThanOrEqual(40);
    expect(new Set(faults.map(({ invariant }) => invariant))).toEqual(new Set(names));
    expect(() => readFaults('f', 'items dev-plan loses Nothing', documents)).toThrow('f:1 changes nothing');
  });

  test(
    'an invariant is proven for all whom it names, and a wildcard is answered with a request that the evaluator allows',
    async () => {
      const invariants = readInvariants('i', table('invariants.txt'), documents).filter(({ name }) =>
        name.startsWith('items '),
      );
      const proofs = await prove(claimsOf(invariants, documents), documents);
      const faults = readFaults('f', 'items dev-plan allows dynamodb:* *', documents);

      expect(proofs.length).toBeGreaterThan(50);
      expect(proofs.filter(({ outcome }) => outcome !== 'proven')).toEqual([]);
      expect(await answerFaults(project, invariants, documents, faults)).toEqual([
        expect.objectContaining({ role: 'dev-plan', action: expect.stringMatching(/^dynamodb:/) }),
      ]);
    },
    minutesMs,
  );

  test(
    'what the solver has no time for is not decided, and never proven',
    async () => {
      const [fault] = readFaults('f', 'hard dev-plan allows s3:PutObject state:*', documents);
      if (fault === undefined) throw new Error('nothing is planted');
      const hard = readInvariants('i', 'hard dev-plan s3:PutObject state:*.tfstate -- Hard.', fault.planted);
      const proofs = await prove(claimsOf(hard, fault.planted), fault.planted, 1);

      expect(proofs.map(({ outcome }) => outcome)).toEqual(['undecided']);
    },
    minutesMs,
  );
});
