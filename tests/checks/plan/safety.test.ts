import { exactly, json, present } from '../../../tools/lib/terraform/matchers.ts';
import { isList, isObject, show, unknown, type Value } from '../../../tools/lib/terraform/plan-json.ts';
import type { Plan } from '../../../tools/lib/terraform/plan.ts';
import { checkPlans } from '../../support/plan/checks.ts';

const text = (value: Value | undefined): string => (typeof value === 'string' ? value : show(value));
const listOf = (value: Value | undefined): readonly Value[] =>
  isList(value) ? value : value === undefined || value === null ? [] : [value];

interface Statement {
  readonly where: string;
  readonly values: { readonly [key: string]: Value };
}

/** Each statement of each policy document of ours, deferred ones included. */
function statements(plan: Plan): readonly Statement[] {
  return plan
    .all('aws_iam_policy_document')
    .flatMap(({ address, values }) =>
      (isObject(values) ? listOf(values['statement']) : [])
        .filter(isObject)
        .map((statement) => ({ where: `${address} ${show(statement['sid'])}`, values: statement })),
    );
}

/** Key policies must let the account administer its keys, or nobody could change them again. */
const administersKey = ({ values }: Statement): boolean => values['sid'] === 'AccountAdministersKey';
/** The layers of every ECR image lie in a bucket of Amazon's, which no account's principals are named for. */
const readsImageLayers = ({ values }: Statement): boolean => values['sid'] === 'ImageLayersOnly';
const denies = ({ values }: Statement): boolean => values['effect'] === 'Deny';

const principalsOf = ({ values }: Statement): readonly Value[] => listOf(values['principals']);
const isService = (principal: Value): boolean => isObject(principal) && principal['type'] === 'Service';
/** Conditions that name this account or one of its resources. */
const ofThisAccount = (condition: Value): boolean =>
  isObject(condition) &&
  /^"(aws:Source(Account|Arn)|kms:EncryptionContext:aws:logs:arn)"$/.test(show(condition['variable'])) &&
  listOf(condition['values']).every((value) => value === unknown || /\b123456789012\b/.test(show(value)));
/** Why each of these services may act without a word on the account. */
const withoutAccount = {
  'module.observability.data.aws_iam_policy_document.events "EventBridgeOpensStreams"':
    'the call that makes a stream names no source; it writes nothing',
  'module.vpc.data.aws_iam_policy_document.flow_log_cloudwatch_assume_role[0] "AWSVPCFlowLogsAssumeRole"':
    'the registry module has no input for it; the role may write to one log group',
};

const textsOf = (value: Value | undefined): readonly string[] =>
  typeof value === 'string'
    ? [value]
    : isList(value)
      ? value.flatMap(textsOf)
      : isObject(value)
        ? Object.values(value).flatMap(textsOf)
        : [];

/** Each statement of each policy document as it was reviewed; ? is known after apply only. A new one must be entered. */
const reviewed: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  alb_logs: {
    LoadBalancingWrites:
      's3:PutObject on ? by logdelivery.elasticloadbalancing.amazonaws.com if ArnLike aws:SourceArn arn:aws:elasticloadbalancing:eu-west-1:ACCOUNT:loadbalancer/app/NAME/*',
    NothingWithoutTls: 'Deny s3:* on ? ? by * if Bool aws:SecureTransport false',
  },
  dynamodb_endpoint: {
    TheseTablesOnly:
      'dynamodb:BatchGetItem dynamodb:DeleteItem dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:Scan on ? ? by * if StringEquals aws:PrincipalAccount ACCOUNT',
  },
  execution: {
    SignInToRegistry: 'ecr:GetAuthorizationToken on *',
    PullTheseRepositories:
      'ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:GetDownloadUrlForLayer on arn:aws:ecr:eu-west-1:ACCOUNT:repository/movies-api',
    WriteOwnLogs: 'logs:CreateLogStream logs:PutLogEvents on ? ?',
    ReadCursorKeys: 'secretsmanager:GetSecretValue on ? ?',
    KeyThroughSecretsManager:
      'kms:Decrypt on ? if StringEquals kms:ViaService secretsmanager.eu-west-1.amazonaws.com',
  },
  experiments: {
    StopTasksOfThisCluster: 'ecs:DescribeTasks ecs:StopTask on arn:aws:ecs:eu-west-1:ACCOUNT:task/NAME/*',
    FindTasksOfThisCluster: 'ecs:ListTasks on * if ArnEquals ecs:cluster ?',
    MakeNetworkAclsOfExperiments:
      'ec2:CreateNetworkAcl on arn:aws:ec2:eu-west-1:ACCOUNT:network-acl/* if StringEquals aws:RequestTag/managedByFIS true',
    TagNetworkAclsOfExperiments:
      'ec2:CreateTags on arn:aws:ec2:eu-west-1:ACCOUNT:network-acl/* if StringEquals ec2:CreateAction CreateNetworkAcl if StringEquals aws:RequestTag/managedByFIS true',
    InThisNetwork: 'ec2:CreateNetworkAcl on ?',
    ChangeNetworkAclsOfExperiments:
      'ec2:CreateNetworkAclEntry ec2:DeleteNetworkAcl on arn:aws:ec2:eu-west-1:ACCOUNT:network-acl/* if StringEquals ec2:ResourceTag/managedByFIS true',
    CutOffTheseSubnets: 'ec2:ReplaceNetworkAclAssociation on ? ? ? ? ? ? ? ? ?',
    ByNetworkAclsOfThisNetwork:
      'ec2:ReplaceNetworkAclAssociation on arn:aws:ec2:eu-west-1:ACCOUNT:network-acl/* if ArnEquals ec2:Vpc ?',
    LookAround:
      'ec2:DescribeManagedPrefixLists ec2:DescribeNetworkAcls ec2:DescribeSubnets ec2:DescribeVpcs on *',
  },
  'assume["experiments"]': {
    ExperimentsOfThisAccount:
      'sts:AssumeRole by fis.amazonaws.com if ArnLike aws:SourceArn arn:aws:fis:eu-west-1:ACCOUNT:experiment/* if StringEquals aws:SourceAccount ACCOUNT',
  },
  'module.web_acl.maintenance_assume': {
    SchedulesOfThisGroup:
      'sts:AssumeRole by scheduler.amazonaws.com if ArnEquals aws:SourceArn arn:aws:scheduler:eu-west-1:ACCOUNT:schedule-group/NAME-maintenance if StringEquals aws:SourceAccount ACCOUNT',
  },
  'module.web_acl.maintenance_end': { EmptyThisList: 'wafv2:UpdateIPSet on ?' },
  interface_endpoint: {
    WhatTasksCallInThisAccountOnly:
      'aps:RemoteWrite ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:GetAuthorizationToken ecr:GetDownloadUrlForLayer logs:CreateLogStream logs:PutLogEvents secretsmanager:GetSecretValue xray:GetSamplingRules xray:GetSamplingTargets xray:PutTelemetryRecords xray:PutTraceSegments on * by * if StringEquals aws:PrincipalAccount ACCOUNT',
  },
  key: {
    AccountAdministersKey: 'kms:* on * by arn:aws:iam::ACCOUNT:root',
    LogsOfThisServiceOnly:
      'kms:Decrypt kms:DescribeKey kms:Encrypt kms:GenerateDataKey* kms:ReEncrypt* on * by logs.eu-west-1.amazonaws.com if ArnLike kms:EncryptionContext:aws:logs:arn arn:aws:logs:eu-west-1:ACCOUNT:log-group:/NAME/* arn:aws:logs:eu-west-1:ACCOUNT:log-group:aws-waf-logs-NAME arn:aws:logs:eu-west-1:ACCOUNT:log-group:/aws/ecs/containerinsights/NAME/*',
    AlarmsOfThisAccountToTopics:
      'kms:Decrypt kms:GenerateDataKey* on * by budgets.amazonaws.com cloudwatch.amazonaws.com if StringEquals aws:SourceAccount ACCOUNT',
  },
  'module.movies_table.assume_backup': {
    AssumeAsBackupService: 'sts:AssumeRole by backup.amazonaws.com if StringEquals aws:SourceAccount ACCOUNT',
  },
  'module.movies_table.backup["main"]': {
    BackUpTable:
      'dynamodb:CreateBackup dynamodb:DescribeTable dynamodb:ListTagsOfResource dynamodb:StartAwsBackupJob on ?',
    ManageOwnBackups: 'dynamodb:DeleteBackup dynamodb:DescribeBackup on ?',
    FillVault: 'backup:CopyIntoBackupVault backup:DescribeBackupVault on ?',
    ReadEncryptedTable: 'kms:Decrypt kms:DescribeKey kms:GenerateDataKey on ?',
  },
  'module.movies_table.restore["main"]': {
    RestoreThisTable: 'dynamodb:RestoreTableFromAwsBackup on ?',
    FillCopies:
      'dynamodb:BatchWriteItem dynamodb:DeleteItem dynamodb:DescribeTable dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:RestoreTableFromAwsBackup dynamodb:Scan dynamodb:UpdateItem on arn:aws:dynamodb:eu-west-1:ACCOUNT:table/awsbackup-restore-test-* arn:aws:dynamodb:eu-west-1:ACCOUNT:table/NAME-from-*',
    OpenBackups: 'kms:Decrypt kms:DescribeKey kms:GenerateDataKey on ?',
  },
  'module.movies_table.key["backup"]': {
    AdministerKey:
      'kms:CancelKeyDeletion kms:CreateAlias kms:DeleteAlias kms:DescribeKey kms:DisableKey kms:EnableKey kms:EnableKeyRotation kms:GetKeyPolicy kms:GetKeyRotationStatus kms:ListGrants kms:ListKeyPolicies kms:ListResourceTags kms:PutKeyPolicy kms:RevokeGrant kms:ScheduleKeyDeletion kms:TagResource kms:UntagResource kms:UpdateAlias kms:UpdateKeyDescription on * by arn:aws:iam::ACCOUNT:root',
    UseThroughService:
      'kms:Decrypt kms:DescribeKey kms:Encrypt kms:GenerateDataKey kms:GenerateDataKeyWithoutPlaintext kms:ReEncryptFrom kms:ReEncryptTo kms:RetireGrant on * by arn:aws:iam::ACCOUNT:root if StringLike kms:ViaService backup.eu-west-1.amazonaws.com',
    GrantToService:
      'kms:CreateGrant on * by arn:aws:iam::ACCOUNT:root if Bool kms:GrantIsForAWSResource true if StringLike kms:ViaService backup.eu-west-1.amazonaws.com',
  },
  'module.movies_table.key["table"]': {
    AdministerKey:
      'kms:CancelKeyDeletion kms:CreateAlias kms:DeleteAlias kms:DescribeKey kms:DisableKey kms:EnableKey kms:EnableKeyRotation kms:GetKeyPolicy kms:GetKeyRotationStatus kms:ListGrants kms:ListKeyPolicies kms:ListResourceTags kms:PutKeyPolicy kms:ReplicateKey kms:RevokeGrant kms:ScheduleKeyDeletion kms:TagResource kms:UntagResource kms:UpdateAlias kms:UpdateKeyDescription kms:UpdatePrimaryRegion on * by arn:aws:iam::ACCOUNT:root',
    UseThroughService:
      'kms:Decrypt kms:DescribeKey kms:Encrypt kms:GenerateDataKey kms:GenerateDataKeyWithoutPlaintext kms:ReEncryptFrom kms:ReEncryptTo kms:RetireGrant on * by arn:aws:iam::ACCOUNT:root if StringLike kms:ViaService dynamodb.*.amazonaws.com',
    GrantToService:
      'kms:CreateGrant on * by arn:aws:iam::ACCOUNT:root if Bool kms:GrantIsForAWSResource true if StringLike kms:ViaService dynamodb.*.amazonaws.com',
  },
  'module.observability.events': {
    EventBridgeOpensStreams: 'logs:CreateLogStream on ? by delivery.logs.amazonaws.com events.amazonaws.com',
    RuleWritesEvents:
      'logs:PutLogEvents on ? by delivery.logs.amazonaws.com events.amazonaws.com if ArnEquals aws:SourceArn ?',
  },
  'module.observability.events_assume': {
    RulesOfThisAccount: 'sts:AssumeRole by events.amazonaws.com if StringEquals aws:SourceAccount ACCOUNT',
  },
  'module.observability.events_page': {
    TellPeople: 'sns:Publish on ? ?',
    KeyOfTheTopicThroughIt:
      'kms:Decrypt kms:GenerateDataKey on ? if StringEquals kms:ViaService sns.eu-west-1.amazonaws.com',
  },
  'module.observability.topic["page"]': {
    PublishersOfThisAccount:
      'sns:Publish on ? by budgets.amazonaws.com cloudwatch.amazonaws.com if StringEquals aws:SourceAccount ACCOUNT',
  },
  'module.observability.topic["ticket"]': {
    PublishersOfThisAccount:
      'sns:Publish on ? by budgets.amazonaws.com cloudwatch.amazonaws.com if StringEquals aws:SourceAccount ACCOUNT',
  },
  'module.vpc.flow_log_cloudwatch_assume_role[0]': {
    AWSVPCFlowLogsAssumeRole: 'sts:AssumeRole by vpc-flow-logs.amazonaws.com',
  },
  'module.vpc.vpc_flow_log_cloudwatch[0]': {
    AWSVPCFlowLogsPushToCloudWatch:
      'logs:CreateLogStream logs:DescribeLogGroups logs:DescribeLogStreams logs:PutLogEvents on arn:aws:logs:eu-west-1:ACCOUNT:log-group:/NAME/flow-logs:*',
  },
  'outside["main"]': {
    WriteOwnLog: 'logs:CreateLogStream logs:PutLogEvents on ?',
    ReadOwnClientSecret: 'secretsmanager:GetSecretValue on ?',
    KeyThroughSecretsManager:
      'kms:Decrypt on ? if StringEquals kms:ViaService secretsmanager.eu-west-1.amazonaws.com',
  },
  'assume["outside"]': {
    FunctionsOfThisAccount:
      'sts:AssumeRole by lambda.amazonaws.com if StringEquals aws:SourceAccount ACCOUNT',
  },
  s3_endpoint: {
    ImageLayersOnly: 's3:GetObject on arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/* by *',
  },
  task: {
    MoviesInTable:
      'dynamodb:BatchGetItem dynamodb:DeleteItem dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:Scan on ?',
    MoviesByIndex: 'dynamodb:Query on ?',
    TableKeyThroughDynamoDb:
      'kms:Decrypt kms:Encrypt kms:GenerateDataKey on ? if StringEquals kms:ViaService dynamodb.eu-west-1.amazonaws.com',
  },
  'assume["tasks"]': {
    TasksOfThisAccount:
      'sts:AssumeRole by ecs-tasks.amazonaws.com if ArnLike aws:SourceArn arn:aws:ecs:eu-west-1:ACCOUNT:* if StringEquals aws:SourceAccount ACCOUNT',
  },
  telemetry: {
    WriteMetrics: 'aps:RemoteWrite on ?',
    SendTraces: 'xray:PutTelemetryRecords xray:PutTraceSegments on *',
  },
};
const spell = (value: Value | undefined): string =>
  value === unknown || value === null ? '?' : typeof value === 'string' ? value : show(value);
const tell = (values: Statement['values'], environment: string): string =>
  [
    ...(values['effect'] === 'Deny' ? ['Deny'] : []),
    ...listOf(values['actions']).map(spell),
    ...(listOf(values['resources']).length === 0 ? [] : ['on', ...listOf(values['resources']).map(spell)]),
    ...listOf(values['principals']).flatMap((one, at) => [
      ...(at === 0 ? ['by'] : []),
      ...(isObject(one) ? listOf(one['identifiers']).map(spell) : []),
    ]),
    ...listOf(values['condition']).flatMap((one) =>
      isObject(one)
        ? ['if', spell(one['test']), spell(one['variable']), ...listOf(one['values']).map(spell)]
        : [],
    ),
  ]
    .join(' ')
    .replaceAll('123456789012', 'ACCOUNT')
    .replaceAll(`movies-api-${environment}`, 'NAME');

const names = new Map([
  ['aws_iam_role', 'name'],
  ['aws_cloudwatch_log_group', 'name'],
  ['aws_cloudwatch_metric_alarm', 'alarm_name'],
  ['aws_kms_alias', 'name'],
  ['aws_security_group', 'name'],
  ['aws_s3_bucket', 'bucket'],
  ['aws_secretsmanager_secret', 'name'],
]);

checkPlans({
  'nothing is destroyed': {
    holds: (plan) => {
      plan.destroysNothing();
    },
    mistakes: {
      'the table is replaced': ({ act }) => act('aws_dynamodb_table.main', ['delete', 'create']),
    },
  },

  'no statement allows every action of a service, or every action at all': {
    holds: (plan) => {
      const wide = statements(plan)
        .filter((statement) => !administersKey(statement) && !denies(statement))
        .filter(({ values }) =>
          listOf(values['actions']).some((action) => typeof action === 'string' && /^\*$|:\*$/.test(action)),
        )
        .map(({ where }) => where);
      expect(wide).toEqual([]);
      expect(statements(plan).length).toBeGreaterThan(10);
    },
    mistakes: {
      'nothing is looked at': ({ removeAll }) => removeAll('aws_iam_policy_document'),
      'the task may do anything with the table': ({ planned }) =>
        planned('data.aws_iam_policy_document.task', (after) =>
          after.statement[0].actions.push('dynamodb:*'),
        ),
    },
  },

  'no statement allows everybody, unless a condition says who': {
    holds: (plan) => {
      const open = statements(plan)
        .filter((statement) => !denies(statement) && !readsImageLayers(statement))
        .filter(({ values }) =>
          listOf(values['principals']).some(
            (principal) => isObject(principal) && listOf(principal['identifiers']).includes('*'),
          ),
        )
        .filter(({ values }) => listOf(values['condition']).length === 0)
        .map(({ where }) => where);
      expect(open).toEqual([]);
    },
    mistakes: {
      'the endpoint is for every account': ({ planned }) =>
        planned(
          'data.aws_iam_policy_document.dynamodb_endpoint',
          (after) => delete after.statement[0].condition,
        ),
    },
  },

  'a service acts on behalf of this account only, and each role has the boundary': {
    holds: (plan) => {
      const forAnybody = statements(plan)
        .filter((statement) => !denies(statement) && principalsOf(statement).some(isService))
        .filter(({ values }) => !listOf(values['condition']).some(ofThisAccount))
        .map(({ where }) => where);
      expect(forAnybody.sort()).toEqual(Object.keys(withoutAccount));
      plan.every('aws_iam_role', {
        permissions_boundary: 'arn:aws:iam::123456789012:policy/pipeline/movies-api-workload',
      });
    },
    mistakes: {
      'alarms of every account may publish': ({ planned }) =>
        planned('data.aws_iam_policy_document.topic["page"]', (after) => delete after.statement[0].condition),
      'alarms of another account may publish': ({ planned }) =>
        planned('data.aws_iam_policy_document.topic["page"]', (after) => {
          after.statement[0].condition[0].values = ['999999999999'];
        }),
    },
  },

  'each policy allows and denies what was reviewed, to whom, on what, and if what': {
    holds: (plan, environment) => {
      const documents = plan.all('aws_iam_policy_document');
      const found = documents.map(({ address, values }) => [
        address.replace('data.aws_iam_policy_document.', ''),
        Object.fromEntries(
          (isObject(values) ? listOf(values['statement']) : [])
            .filter(isObject)
            .map((one) => [text(one['sid']), tell(one, environment)]),
        ),
      ]);
      // A document of prod alone is in no other plan.
      const meant = Object.entries(reviewed).filter(
        ([name]) => found.some(([one]) => one === name) || environment === 'prod',
      );
      expect(Object.fromEntries(found)).toEqual(Object.fromEntries(meant));
    },
    mistakes: {
      'anybody may read the log without TLS': ({ planned }) =>
        planned('data.aws_iam_policy_document.alb_logs', (after) => after.statement.pop()),
    },
  },

  'no value holds the text of an expression': {
    holds: (plan) => {
      const texts = plan.resources.flatMap(({ values }) => textsOf(values));
      // Of the collector's configuration: it reads its own environment.
      expect(texts.filter((text) => /\$\{(?!env:)/.test(text))).toEqual([]);
      expect(texts.length).toBeGreaterThan(500);
    },
    mistakes: {
      'the budget counts a tag that is called like a variable': ({ planned }) =>
        planned('aws_budgets_budget.main', (after) => {
          after.cost_filter[0].values = ['user:deployment${var.cost_tag.value}'];
        }),
      'nothing is looked at': ({ remove }) => remove(''),
    },
  },

  'each log goes to a group that is known, and each bucket is encrypted and closed': {
    holds: (plan, environment) => {
      const groups = plan
        .all('aws_cloudwatch_log_group')
        .map(({ values }) => isObject(values) && values['name']);
      const own = ['api', 'collector', 'events', 'flow-logs']
        .concat(environment === 'prod' ? ['outside'] : [])
        .map((name) => `/movies-api-${environment}/${name}`);
      expect(groups.toSorted()).toEqual([
        `/aws/ecs/containerinsights/movies-api-${environment}/performance`,
        ...own,
        `aws-waf-logs-movies-api-${environment}`,
      ]);
      const buckets = plan.all('aws_s3_bucket').length;
      expect(plan.all('aws_s3_bucket_server_side_encryption_configuration')).toHaveLength(buckets);
      expect(plan.all('aws_s3_bucket_public_access_block')).toHaveLength(buckets);
    },
    mistakes: {
      'a log goes where nobody looks': ({ planned }) =>
        planned('aws_cloudwatch_log_group.api', (after) => (after.name = '/elsewhere')),
      'a bucket is added without encryption': ({ add }) => add('aws_s3_bucket', { bucket: 'plain' }),
      'a bucket may be opened to the public': ({ remove }) => remove('aws_s3_bucket_public_access_block'),
    },
  },

  'everything that can carry tags says whose it is': {
    holds: (plan, environment) => {
      const tags = {
        project: 'movies-api',
        environment,
        owner: 'movies-team',
        cost_centre: present,
        repository: present,
        deployment: `movies-api-${environment}`,
      };
      const released = ['aws_ecs_service', 'aws_ecs_task_definition'];
      for (const type of [
        'aws_dynamodb_table',
        'aws_ecs_service',
        'aws_lb',
        'aws_vpc',
        'aws_kms_key',
        'aws_iam_role',
        'aws_cloudwatch_log_group',
      ]) {
        plan.every(type, { tags_all: tags });
      }
      // A release changes these; the commit on anything else would be all that changes there.
      const withCommit = plan.resources.filter(
        ({ values }) => isObject(values) && isObject(values['tags_all']) && 'commit' in values['tags_all'],
      );
      expect(withCommit.map(({ type }) => type).sort()).toEqual(released);
    },
    mistakes: {
      'each release would change the table': ({ planned }) =>
        planned('aws_dynamodb_table.main', (after) => (after.tags_all.commit = '0123456')),
      'a tag is dropped': ({ planned }) =>
        planned('aws_dynamodb_table.main', (after) => delete after.tags_all.cost_centre),
    },
  },

  'nothing is named in two places': {
    holds: (plan) => {
      for (const [type, attribute] of names) {
        const used = plan
          .all(type)
          .map(({ values }) => (isObject(values) ? values[attribute] : undefined))
          .filter((name) => typeof name === 'string');
        expect(used.filter((name, index) => used.indexOf(name) !== index)).toEqual([]);
      }
    },
    mistakes: {
      'two aliases have one name': ({ planned }) => {
        planned('module.movies_table.aws_kms_alias.table', (after) => (after.name = 'alias/twice'));
        planned('aws_kms_alias.main', (after) => (after.name = 'alias/twice'));
      },
    },
  },

  'no role trusts more than one kind of service, and none is called admin': {
    holds: (plan) => {
      plan.none('aws_iam_role', { name: /admin/i });
      plan.none('aws_iam_role_policy_attachment', {
        policy_arn: /(AdministratorAccess|PowerUserAccess|FullAccess)$/,
      });
      plan.none('aws_iam_role', { managed_policy_arns: [/Admin/] });
      plan.every('aws_iam_role', {
        assume_role_policy: json({ Statement: exactly({ Principal: { Service: /^[a-z.-]+$/ } }) }),
      });
    },
    mistakes: {
      'an administrator appears': ({ add }) => add('aws_iam_role', { name: 'movies-admin' }),
      'it is attached in the old way': ({ planned }) =>
        planned('aws_iam_role.task', (after) => {
          after.managed_policy_arns = ['arn:aws:iam::aws:policy/AdministratorAccess'];
        }),
      'two services may take one role': ({ planned }) =>
        planned('aws_iam_role.task', (after) => {
          const Service = ['ecs-tasks.amazonaws.com', 'lambda.amazonaws.com'];
          after.assume_role_policy = JSON.stringify({ Statement: [{ Principal: { Service } }] });
        }),
      'a managed policy allows everything': ({ add }) =>
        add('aws_iam_role_policy_attachment', { policy_arn: 'arn:aws:iam::aws:policy/AdministratorAccess' }),
    },
  },
});
