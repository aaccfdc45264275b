import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Emulator, startEmulator } from '../../../tools/sandbox/emulator.ts';
import { createGaps } from '../../../tools/sandbox/gaps.ts';
import { describeWith, program } from '../../support/requirements.ts';
import { bodyOf, createRawClient, type RawClient } from './client.ts';

const installTimeoutMs = 300_000;
const python = program('python3', 'install Python 3.10 or newer');

test('each gap says why it is there, and no two answer the same action', () => {
  const gaps = createGaps(
    () => 'id',
    () => 0,
  );
  const actions = gaps.flatMap(({ answers }) => Object.keys(answers));

  expect(gaps.map(({ reason }) => reason.length > 40)).toEqual(gaps.map(() => true));
  expect(new Set(actions).size).toBe(actions.length);
});

describeWith([python], 'what the front adds to moto', () => {
  let emulator: Emulator;
  let client: RawClient;

  beforeAll(async () => {
    emulator = await startEmulator(0);
    client = createRawClient(emulator.url);
  }, installTimeoutMs);

  afterAll(async () => {
    await emulator.stop();
  });

  const api = (service: string, prefix: string) => (action: string, body: object) =>
    client.json(service, `${prefix}.${action}`, body).then(bodyOf);

  test('a restore test is read as it was made and changed, with its tags, until it is removed', async () => {
    const plans = '/restore-testing/plans';
    const ask = async (method: string, at: string, body?: object): Promise<unknown> => {
      const answer = await client.rest('backup', method, at, body && JSON.stringify(body));
      return answer.text === '' ? answer.status : JSON.parse(answer.text);
    };
    const plan = {
      RestoreTestingPlanName: 'movies',
      ScheduleExpression: 'cron(0 4 ? * SUN *)',
      RecoveryPointSelection: { Algorithm: 'LATEST_WITHIN_WINDOW', SelectionWindowDays: 7 },
    };
    const selection = { RestoreTestingSelectionName: 'table', ProtectedResourceType: 'DynamoDB' };

    const made = await ask('PUT', plans, { RestoreTestingPlan: plan, Tags: { project: 'movies-api' } });
    await ask('PUT', `${plans}/movies/selections`, { RestoreTestingSelection: selection });
    await ask('PUT', `${plans}/movies/selections/table`, {
      RestoreTestingSelection: { ValidationWindowHours: 2 },
    });
    const { RestoreTestingPlanArn: arn } = made as { RestoreTestingPlanArn: string };

    expect(await ask('GET', `${plans}/movies`)).toMatchObject({
      RestoreTestingPlan: {
        ...plan,
        ScheduleExpressionTimezone: 'Etc/UTC',
        RecoveryPointSelection: { ...plan.RecoveryPointSelection, ExcludeVaults: [] },
      },
    });
    expect(await ask('GET', `${plans}/movies/selections/table`)).toMatchObject({
      RestoreTestingSelection: { ...selection, RestoreTestingPlanName: 'movies', ValidationWindowHours: 2 },
    });
    expect(await ask('GET', `/tags/${encodeURIComponent(arn)}`)).toEqual({ Tags: { project: 'movies-api' } });
    await ask('DELETE', `${plans}/movies/selections/table`);
    await ask('DELETE', `${plans}/movies`);
    expect(await ask('GET', `${plans}/movies`)).toMatchObject({ __type: 'ResourceNotFoundException' });
  });

  describe('ECS services', () => {
    const ecs = api('ecs', 'AmazonEC2ContainerServiceV20141113');
    const asked = {
      availabilityZoneRebalancing: 'ENABLED',
      capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1, base: 0 }],
      deploymentConfiguration: { minimumHealthyPercent: 100, maximumPercent: 200 },
      enableECSManagedTags: true,
      enableExecuteCommand: false,
      healthCheckGracePeriodSeconds: 15,
    };
    const containerDefinitions = [{ name: 'api', image: 'api', memory: 128 }];

    beforeAll(async () => {
      await ecs('CreateCluster', { clusterName: 'movies' });
      await ecs('RegisterTaskDefinition', { family: 'api', containerDefinitions });
      await ecs('RegisterTaskDefinition', { family: 'api', containerDefinitions });
    });

    test('an update changes what it names, keeps the rest and starts a deployment', async () => {
      const common = { cluster: 'movies', serviceName: 'updated', taskDefinition: 'api:1', desiredCount: 1 };
      const created = await ecs('CreateService', { ...common, ...asked });

      const updated = await ecs('UpdateService', {
        cluster: 'movies',
        service: 'updated',
        taskDefinition: 'api:2',
        availabilityZoneRebalancing: 'DISABLED',
      });

      expect(updated).toMatchObject({
        service: {
          ...asked,
          availabilityZoneRebalancing: 'DISABLED',
          deployments: [{ taskDefinition: expect.stringContaining('api:2') }],
        },
      });
      expect(deploymentId(updated)).not.toBe(deploymentId(created));
    });

    test('a service made anew under an old name remembers nothing of the old one', async () => {
      const common = { cluster: 'movies', serviceName: 'anew', taskDefinition: 'api:1', desiredCount: 0 };
      await ecs('CreateService', { ...common, ...asked });
      await ecs('DeleteService', { cluster: 'movies', service: 'anew', force: true });

      const again = await ecs('CreateService', { ...common, launchType: 'FARGATE' });

      expect(again).toMatchObject({ service: { launchType: 'FARGATE' } });
      expect(again).not.toHaveProperty('service.availabilityZoneRebalancing');
    });
  });

  test('tags of a scalable target are listed, changed and removed', async () => {
    const scaling = api('application-autoscaling', 'AnyScaleFrontendService');
    const registered = (await scaling('RegisterScalableTarget', {
      ServiceNamespace: 'dynamodb',
      ResourceId: 'table/movies',
      ScalableDimension: 'dynamodb:table:ReadCapacityUnits',
      MinCapacity: 1,
      MaxCapacity: 2,
      Tags: { project: 'movies', owner: 'team' },
    })) as { ScalableTargetARN: string };
    const arn = { ResourceARN: registered.ScalableTargetARN };

    await scaling('TagResource', { ...arn, Tags: { owner: 'other' } });
    await scaling('UntagResource', { ...arn, TagKeys: ['project'] });

    expect(await scaling('ListTagsForResource', arn)).toEqual({ Tags: { owner: 'other' } });
  });

  test('a saved query is made, changed in place, listed and deleted', async () => {
    const logs = api('logs', 'Logs_20140328');
    const query = { name: 'slow', queryString: 'fields @message', logGroupNames: ['/api'] };

    const made = await logs('PutQueryDefinition', query);
    await logs('PutQueryDefinition', { ...query, ...(made as object), queryString: 'stats count(*)' });
    const listed = await logs('DescribeQueryDefinitions', { queryDefinitionNamePrefix: 'sl' });
    await logs('DeleteQueryDefinition', made as object);

    const queryString = 'stats count(*)';
    const lastModified = expect.any(Number);
    expect(listed).toEqual({
      queryDefinitions: [{ ...query, ...(made as object), queryString, lastModified }],
    });
    expect(await logs('DescribeQueryDefinitions', {})).toEqual({ queryDefinitions: [] });
  });

  test('a composite alarm is made, described by name, tagged and deleted, beside a metric alarm', async () => {
    const version = { Version: '2010-08-01' };
    const alarms = async (Action: string, fields: Record<string, string>): Promise<string> => {
      const { status, text } = await client.form('monitoring', { Action, ...version, ...fields });
      expect(status).toBe(200);
      return text;
    };
    await alarms('PutMetricAlarm', {
      AlarmName: 'single',
      Namespace: 'n',
      MetricName: 'm',
      ComparisonOperator: 'GreaterThanThreshold',
      EvaluationPeriods: '1',
    });
    await alarms('PutCompositeAlarm', {
      AlarmName: 'fast-burn',
      AlarmRule: 'ALARM("a") AND ALARM("b<c")',
      ActionsSuppressor: 'deploying',
      ActionsSuppressorWaitPeriod: '60',
      'AlarmActions.member.1': 'arn:topic:1',
      'AlarmActions.member.2': 'arn:topic:2',
      'Tags.member.1.Key': 'severity',
      'Tags.member.1.Value': 'page',
    });
    const arn = { ResourceARN: 'arn:aws:cloudwatch:eu-west-1:123456789012:alarm:fast-burn' };

    const described = await alarms('DescribeAlarms', {
      'AlarmNames.member.1': 'fast-burn',
      'AlarmTypes.member.1': 'CompositeAlarm',
    });
    const asJson = await client
      .json('monitoring', 'GraniteServiceVersion20100801.DescribeAlarms', { AlarmNamePrefix: 'fast-' })
      .then(bodyOf);
    const all = await alarms('DescribeAlarms', {});
    await alarms('TagResource', { ...arn, 'Tags.member.1.Key': 'a', 'Tags.member.1.Value': 'b' });
    await alarms('UntagResource', { ...arn, 'TagKeys.member.1': 'severity' });
    const tags = await alarms('ListTagsForResource', arn);
    await alarms('DeleteAlarms', { 'AlarmNames.member.1': 'fast-burn' });
    const after = await alarms('DescribeAlarms', {});

    expect(described).toContain(
      '<CompositeAlarms><member><AlarmName>fast-burn</AlarmName><AlarmRule>ALARM("a") AND ALARM("b&lt;c")</AlarmRule>' +
        '<ActionsSuppressor>deploying</ActionsSuppressor><ActionsSuppressorWaitPeriod>60</ActionsSuppressorWaitPeriod>' +
        '<AlarmActions><member>arn:topic:1</member><member>arn:topic:2</member></AlarmActions>',
    );
    expect(described).not.toContain('<AlarmName>single</AlarmName>');
    expect(asJson).toMatchObject({
      MetricAlarms: [],
      CompositeAlarms: [
        { AlarmName: 'fast-burn', ActionsEnabled: true, AlarmActions: ['arn:topic:1', 'arn:topic:2'] },
      ],
    });
    expect(all).toContain('<AlarmName>fast-burn</AlarmName>');
    expect(all).toContain('<AlarmName>single</AlarmName>');
    expect(tags).toContain('<Tags><member><Key>a</Key><Value>b</Value></member></Tags>');
    expect(after).not.toContain('fast-burn');
    expect(after).toContain('<AlarmName>single</AlarmName>');
  });

  test('a budget keeps its changes, its tags and the subscribers of its notifications', async () => {
    const budgets = api('budgets', 'AWSBudgetServiceGateway');
    const account = { AccountId: '123456789012' };
    const notification = { NotificationType: 'ACTUAL', ComparisonOperator: 'GREATER_THAN', Threshold: 80 };
    const subscribers = [{ SubscriptionType: 'EMAIL', Address: 'team@example.com' }];
    const arn = { ResourceARN: 'arn:aws:budgets::123456789012:budget/monthly' };
    await budgets('CreateBudget', {
      ...account,
      Budget: {
        BudgetName: 'monthly',
        BudgetType: 'COST',
        TimeUnit: 'MONTHLY',
        BudgetLimit: { Amount: '100', Unit: 'USD' },
      },
      NotificationsWithSubscribers: [{ Notification: notification, Subscribers: subscribers }],
      ResourceTags: [
        { Key: 'owner', Value: 'team' },
        { Key: 'project', Value: 'movies' },
      ],
    });

    await budgets('UpdateBudget', {
      ...account,
      NewBudget: { BudgetName: 'monthly', BudgetLimit: { Amount: '200', Unit: 'USD' } },
    });
    await budgets('TagResource', { ...arn, ResourceTags: [{ Key: 'owner', Value: 'other' }] });
    await budgets('UntagResource', { ...arn, ResourceTagKeys: ['project'] });

    expect(await budgets('DescribeBudget', { ...account, BudgetName: 'monthly' })).toMatchObject({
      Budget: { BudgetType: 'COST', BudgetLimit: { Amount: '200' } },
    });
    expect(await budgets('ListTagsForResource', arn)).toEqual({
      ResourceTags: [{ Key: 'owner', Value: 'other' }],
    });
    expect(
      await budgets('DescribeSubscribersForNotification', {
        ...account,
        BudgetName: 'monthly',
        Notification: { ...notification, ThresholdType: 'PERCENTAGE' },
      }),
    ).toEqual({ Subscribers: subscribers });
  });

  test('a Prometheus workspace keeps its key', async () => {
    const kmsKeyArn = 'arn:aws:kms:eu-west-1:123456789012:key/0';
    const asked = JSON.stringify({ alias: 'movies', kmsKeyArn });
    const made = await client.rest('aps', 'POST', '/workspaces', asked).then(bodyOf);
    const { workspaceId } = made as { workspaceId: string };

    expect(bodyOf(await client.rest('aps', 'GET', `/workspaces/${workspaceId}`))).toMatchObject({
      workspace: { alias: 'movies', kmsKeyArn },
    });
  });

  test('a rule that names a group or a prefix list keeps its description, also a changed one', async () => {
    const ec2 = async (Action: string, fields: Record<string, string>): Promise<string> => {
      const { status, text } = await client.form('ec2', { Action, Version: '2016-11-15', ...fields });
      expect(status).toBe(200);
      return text;
    };
    const first = (text: string, name: string): string =>
      new RegExp(`<${name}>([^<]+)</${name}>`).exec(text)?.[1] ?? '';
    const group = { GroupId: first(await ec2('DescribeSecurityGroups', {}), 'groupId') };
    const permission = { 'IpPermissions.1.IpProtocol': 'tcp', 'IpPermissions.1.FromPort': '80' };
    const port = { ...permission, 'IpPermissions.1.ToPort': '80' };

    const ingress = await ec2('AuthorizeSecurityGroupIngress', {
      ...group,
      ...port,
      'IpPermissions.1.Groups.1.GroupId': group.GroupId,
      'IpPermissions.1.Groups.1.Description': 'from <friends>',
    });
    const egress = await ec2('AuthorizeSecurityGroupEgress', {
      ...group,
      ...port,
      'IpPermissions.1.PrefixListIds.1.PrefixListId': 'pl-1',
      'IpPermissions.1.PrefixListIds.1.Description': 'to storage',
    });
    await ec2('ModifySecurityGroupRules', {
      ...group,
      'SecurityGroupRule.1.SecurityGroupRuleId': first(egress, 'securityGroupRuleId'),
      'SecurityGroupRule.1.SecurityGroupRule.IpProtocol': 'tcp',
      'SecurityGroupRule.1.SecurityGroupRule.FromPort': '80',
      'SecurityGroupRule.1.SecurityGroupRule.ToPort': '80',
      'SecurityGroupRule.1.SecurityGroupRule.PrefixListId': 'pl-1',
      'SecurityGroupRule.1.SecurityGroupRule.Description': 'to the storage',
    });
    const described = await ec2('DescribeSecurityGroupRules', {});

    const ingressId = `<securityGroupRuleId>${first(ingress, 'securityGroupRuleId')}</securityGroupRuleId>`;
    expect(described).toContain(`${ingressId}<description>from &lt;friends&gt;</description>`);
    expect(described.match(/to (the )?storage/g)).toEqual(['to the storage']);
  });

  test('a function keeps where it logs, also when that changes', async () => {
    const lambda = (method: string, path: string, body?: object) =>
      client.rest('lambda', method, `/2015-03-31/functions${path}`, JSON.stringify(body));
    const roles = { Action: 'CreateRole', Version: '2010-05-08', RoleName: 'look', Path: '/' };
    await client.form('iam', {
      ...roles,
      AssumeRolePolicyDocument: '{"Version":"2012-10-17","Statement":[]}',
    });
    const logs = async () =>
      bodyOf(await client.rest('lambda', 'GET', '/2015-03-31/functions/look')) as { Configuration: object };
    const LoggingConfig = { LogFormat: 'Text', LogGroup: '/movies/outside' };
    await lambda('POST', '', {
      FunctionName: 'look',
      PackageType: 'Image',
      Role: 'arn:aws:iam::123456789012:role/look',
      Code: { ImageUri: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/movies@sha256:0' },
      LoggingConfig,
    });

    expect(await logs()).toMatchObject({ Configuration: { FunctionName: 'look', LoggingConfig } });
    await lambda('PUT', '/look/configuration', {
      LoggingConfig: { ...LoggingConfig, LogGroup: '/movies/api' },
    });
    expect(await logs()).toMatchObject({
      Configuration: { FunctionName: 'look', LoggingConfig: { LogGroup: '/movies/api' } },
    });
  });

  test('a user pool keeps its feature plan, and the changes of its tags', async () => {
    const cognito = api('cognito-idp', 'AWSCognitoIdentityProviderService');
    const made = await cognito('CreateUserPool', {
      PoolName: 'movies',
      UserPoolTier: 'PLUS',
      UserPoolTags: { owner: 'team', commit: 'one' },
    });
    const { Id: UserPoolId } = (made as { UserPool: { Id: string } }).UserPool;
    const arn = { ResourceArn: `arn:aws:cognito-idp:eu-west-1:123456789012:userpool/${UserPoolId}` };

    const first = await cognito('DescribeUserPool', { UserPoolId });
    await cognito('UpdateUserPool', { UserPoolId, UserPoolTier: 'LITE' });
    await cognito('TagResource', { ...arn, Tags: { commit: 'two' } });
    await cognito('UntagResource', { ...arn, TagKeys: ['owner'] });
    const { UserPool: pool } = (await cognito('DescribeUserPool', { UserPoolId })) as { UserPool: object };

    expect(first).toMatchObject({ UserPool: { UserPoolTier: 'PLUS' } });
    expect(pool).toMatchObject({ UserPoolTier: 'LITE' });
    expect(pool).toHaveProperty('UserPoolTags', { commit: 'two' });
  });

  test('a bucket whose versioning is suspended can be emptied, delete markers included', async () => {
    const versioning = (status: string): Promise<unknown> => {
      const body = `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`;
      return client.rest('s3', 'PUT', '/emptied?versioning', body);
    };
    await client.bucket('emptied');
    await versioning('Enabled');
    await client.rest('s3', 'PUT', '/emptied/one', '1');
    await client.rest('s3', 'DELETE', '/emptied/one');
    await versioning('Suspended');
    const told = await client.rest('s3', 'GET', '/emptied?versioning');
    const listed = await client.rest('s3', 'GET', '/emptied?versions');
    const ids = [...listed.text.matchAll(/<VersionId>([^<]+)</g)].map(([, id = '']) => id);

    const objects = ids.map((id) => `<Object><Key>one</Key><VersionId>${id}</VersionId></Object>`);
    const emptied = await client.rest(
      's3',
      'POST',
      '/emptied?delete',
      `<Delete>${objects.join('')}</Delete>`,
    );
    const deleted = await client.rest('s3', 'DELETE', '/emptied');

    expect(told.text).toContain('<Status>Suspended</Status>');
    expect([ids.length, emptied.status, deleted.status]).toEqual([2, 200, 204]);
  });
});

const deploymentId = (answer: unknown): string =>
  (answer as { service: { deployments: [{ id: string }] } }).service.deployments[0].id;
