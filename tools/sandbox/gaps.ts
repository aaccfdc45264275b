import {
  account,
  type Answer,
  type Call,
  escape,
  form,
  type Forward,
  type Gap,
  isObject,
  json,
  type Json,
  type JsonObject,
  list,
  members,
  objectOf,
  path,
  readJson,
  refusal,
  regionOf,
  text,
  xml,
} from './call.ts';
import { compositeAlarms, ecsServices } from './stateful-gaps.ts';

/** Everything that the front adds to moto. A new gap is one function and one line here. */
export const createGaps = (newId: () => string, now: () => number): readonly Gap[] => [
  scalingTags(),
  ecsServices(),
  queryDefinitions(newId, now),
  compositeAlarms(),
  budgets(),
  managedPrometheus(),
  backupSelections(newId, now),
  restoreTests(newId, now),
  restoredTables(now),
  bucketPolicies(),
  suspendedVersioning(),
  ruleDescriptions(),
  functionLogs(),
  userPools(),
  resourceServers,
  serviceQuotas,
  policySimulation(),
  oneTimeSchedules(now),
];

/** Tags by the ARN of what has them, as `{ key: value }` or as a list of `{ Key, Value }`. */
function createTags() {
  const all = new Map<string, JsonObject>();
  const pairs = (tags: Json | undefined): JsonObject =>
    isObject(tags) ? tags : Object.fromEntries(list(tags).map(({ Key, Value }) => [text(Key), Value]));
  return {
    set: (arn: string, tags: Json | undefined) => all.set(arn, pairs(tags)),
    of: (arn: string): JsonObject => all.get(arn) ?? {},
    listOf: (arn: string): readonly JsonObject[] =>
      Object.entries(all.get(arn) ?? {}).map(([Key, Value]) => ({ Key, Value })),
    add: (arn: string, tags: Json | undefined): Answer => {
      all.set(arn, { ...all.get(arn), ...pairs(tags) });
      return json({});
    },
    remove: (arn: string, keys: Json | undefined): Answer => {
      const stays = ([key]: [string, unknown]): boolean => !(Array.isArray(keys) && keys.includes(key));
      all.set(arn, Object.fromEntries(Object.entries(all.get(arn) ?? {}).filter(stays)));
      return json({});
    },
  };
}

const notFound = (call: Call, what: string, status = 400): Answer =>
  refusal(call, 'ResourceNotFoundException', `There is no such ${what}.`, status);

/** The parts of a path: of `/workspaces/<workspace>/rules` the second is the workspace. */
const segment = ({ url }: Call, index: number): string => path(url).split('/').filter(Boolean)[index] ?? '';

function scalingTags(): Gap {
  const tags = createTags();
  const service = 'application-autoscaling';
  return {
    reason: 'moto keeps no tags of scalable targets; aws_appautoscaling_target reads them after each refresh',
    answers: {
      [`${service}.RegisterScalableTarget`]: async (call, forward) => {
        const answer = await forward(call);
        const arn = text(readJson(answer.body)['ScalableTargetARN']);
        const { Tags: sent } = readJson(call.body);
        if (arn !== '' && sent !== undefined) tags.set(arn, sent);
        return answer;
      },
      [`${service}.ListTagsForResource`]: ({ body }) =>
        json({ Tags: tags.of(text(readJson(body)['ResourceARN'])) }),
      [`${service}.TagResource`]: ({ body }) => {
        const { ResourceARN: arn, Tags: added } = readJson(body);
        return tags.add(text(arn), added);
      },
      [`${service}.UntagResource`]: ({ body }) => {
        const { ResourceARN: arn, TagKeys: removed } = readJson(body);
        return tags.remove(text(arn), removed);
      },
    },
  };
}

function queryDefinitions(newId: () => string, now: () => number): Gap {
  const definitions = new Map<string, JsonObject>();
  return {
    reason: 'moto has no saved queries; aws_cloudwatch_query_definition creates, reads and deletes them',
    answers: {
      'logs.PutQueryDefinition': ({ body }) => {
        const { name, queryString, logGroupNames = [], queryDefinitionId: given } = readJson(body);
        const queryDefinitionId = text(given) || newId();
        const definition = { queryDefinitionId, name, queryString, logGroupNames, lastModified: now() };
        definitions.set(queryDefinitionId, definition);
        return json({ queryDefinitionId });
      },
      'logs.DescribeQueryDefinitions': ({ body }) => {
        const prefix = text(readJson(body)['queryDefinitionNamePrefix']);
        const found = [...definitions.values()].filter(({ name }) => text(name).startsWith(prefix));
        return json({ queryDefinitions: found });
      },
      'logs.DeleteQueryDefinition': (call) =>
        definitions.delete(text(readJson(call.body)['queryDefinitionId']))
          ? json({ success: true })
          : notFound(call, 'query definition'),
    },
  };
}

function budgets(): Gap {
  const tags = createTags();
  const subscribers = new Map<string, Json>();
  const changes = new Map<string, JsonObject>();
  const arnOf = ({ body }: Call): string => text(readJson(body)['ResourceARN']);
  /** Two notifications of a budget differ in these four fields. */
  const keyOf = (budget: Json | undefined, notification: Json | undefined): string => {
    const {
      NotificationType,
      ComparisonOperator,
      Threshold,
      ThresholdType = 'PERCENTAGE',
    } = objectOf(notification);
    return JSON.stringify([budget, NotificationType, ComparisonOperator, Threshold, ThresholdType]);
  };
  const subscribe = (budget: Json | undefined, entry: JsonObject): void => {
    subscribers.set(keyOf(budget, entry['Notification']), entry['Subscribers'] ?? []);
  };
  return {
    reason:
      'moto keeps neither tags nor subscribers, and changes no budget; aws_budgets_budget reads all of it after each change',
    answers: {
      'budgets.CreateBudget': (call, forward) => {
        const { AccountId, Budget, ResourceTags, NotificationsWithSubscribers } = readJson(call.body);
        const name = text(objectOf(Budget)['BudgetName']);
        changes.delete(name);
        tags.set(`arn:aws:budgets::${text(AccountId)}:budget/${name}`, ResourceTags);
        for (const entry of list(NotificationsWithSubscribers)) subscribe(name, entry);
        return forward(call);
      },
      'budgets.UpdateBudget': ({ body }) => {
        const budget = objectOf(readJson(body)['NewBudget']);
        changes.set(text(budget['BudgetName']), budget);
        return json({});
      },
      'budgets.DescribeBudget': async (call, forward) => {
        const answer = await forward(call);
        const { Budget: budget } = readJson(answer.body);
        const changed = changes.get(text(readJson(call.body)['BudgetName']));
        return isObject(budget) && changed ? json({ Budget: { ...budget, ...changed } }) : answer;
      },
      'budgets.CreateNotification': (call, forward) => {
        const request = readJson(call.body);
        subscribe(request['BudgetName'], request);
        return forward(call);
      },
      'budgets.DescribeSubscribersForNotification': ({ body }) => {
        const { BudgetName: budget, Notification: notification } = readJson(body);
        return json({ Subscribers: subscribers.get(keyOf(budget, notification)) ?? [] });
      },
      'budgets.ListTagsForResource': (call) => json({ ResourceTags: tags.listOf(arnOf(call)) }),
      'budgets.TagResource': (call) => tags.add(arnOf(call), readJson(call.body)['ResourceTags']),
      'budgets.UntagResource': (call) => tags.remove(arnOf(call), readJson(call.body)['ResourceTagKeys']),
    },
  };
}

function managedPrometheus(): Gap {
  const keys = new Map<string, Json>();
  return {
    reason: 'moto forgets the key of a workspace, which would then be replaced by each apply',
    answers: {
      'aps.CreateWorkspace': async (call, forward) => {
        const answer = await forward(call);
        const { kmsKeyArn } = readJson(call.body);
        if (kmsKeyArn !== undefined) keys.set(text(readJson(answer.body)['workspaceId']), kmsKeyArn);
        return answer;
      },
      'aps.DescribeWorkspace': async (call, forward) => {
        const answer = await forward(call);
        const kmsKeyArn = keys.get(segment(call, 1));
        const { workspace } = readJson(answer.body);
        return kmsKeyArn !== undefined && isObject(workspace)
          ? json({ workspace: { ...workspace, kmsKeyArn } })
          : answer;
      },
    },
  };
}

function backupSelections(newId: () => string, now: () => number): Gap {
  const selections = new Map<string, JsonObject>();
  /** `/backup/plans/<plan>/selections/<selection>` */
  const selectionOf = (call: Call): string => segment(call, 4);
  return {
    reason: 'moto has no backup selections; aws_backup_selection makes, reads and removes them',
    answers: {
      'backup.CreateBackupSelection': (call) => {
        const { BackupSelection, CreatorRequestId } = readJson(call.body);
        const made = { SelectionId: newId(), BackupPlanId: segment(call, 2), CreationDate: now() / 1000 };
        selections.set(made.SelectionId, { ...made, BackupSelection, CreatorRequestId });
        return json(made);
      },
      'backup.GetBackupSelection': (call) => {
        const selection = selections.get(selectionOf(call));
        return selection ? json(selection) : notFound(call, 'selection');
      },
      'backup.DeleteBackupSelection': (call) => {
        selections.delete(selectionOf(call));
        return json({});
      },
    },
  };
}

function restoreTests(newId: () => string, now: () => number): Gap {
  const [plans, selections] = [new Map<string, JsonObject>(), new Map<string, JsonObject>()];
  const tags = createTags();
  /** `/restore-testing/plans/<plan>/selections/<selection>` */
  const [planOf, pathOf] = [(call: Call) => segment(call, 2), (call: Call) => path(call.url)];
  const seconds = (): number => now() / 1000;
  const tell = ({ RestoreTestingPlanArn, RestoreTestingPlanName, ...rest }: JsonObject, status = 200) =>
    json(
      {
        ...{ RestoreTestingPlanArn, RestoreTestingPlanName, CreationTime: rest['CreationTime'] },
        ...{ RestoreTestingSelectionName: rest['RestoreTestingSelectionName'], UpdateTime: seconds() },
      },
      status,
    );
  /** AWS fills in what a plan doesn't say. */
  const whole = ({ RecoveryPointSelection, ...plan }: JsonObject): JsonObject => ({
    ...{ StartWindowHours: 24, ScheduleExpressionTimezone: 'Etc/UTC', ...plan },
    RecoveryPointSelection: { ExcludeVaults: [], ...objectOf(RecoveryPointSelection) },
  });
  const isOfPlan = (call: Call): boolean => decodeURIComponent(call.url).includes(':restore-testing-plan:');
  const arnOf = (call: Call): string => decodeURIComponent(path(call.url)).replace(/^\/\w+\/|\/$/g, '');
  return {
    reason:
      'moto has no restore tests, and finds the tags of a backup plan or vault only when the path ends with a slash',
    answers: {
      'backup.CreateRestoreTestingPlan': (call) => {
        const { RestoreTestingPlan, Tags } = readJson(call.body);
        const sent = objectOf(RestoreTestingPlan);
        const name = text(sent['RestoreTestingPlanName']);
        const arn = `arn:aws:backup:${regionOf(call)}:${account}:restore-testing-plan:${name}-${newId()}`;
        const made = { ...whole(sent), RestoreTestingPlanArn: arn, CreationTime: seconds() };
        plans.set(name, made);
        tags.set(arn, Tags);
        return tell(made, 201);
      },
      'backup.GetRestoreTestingPlan': (call) => {
        const plan = plans.get(planOf(call));
        return plan ? json({ RestoreTestingPlan: plan }) : notFound(call, 'restore testing plan');
      },
      'backup.UpdateRestoreTestingPlan': (call) => {
        const plan = plans.get(planOf(call));
        if (plan === undefined) return notFound(call, 'restore testing plan');
        const changed = whole({ ...plan, ...objectOf(readJson(call.body)['RestoreTestingPlan']) });
        plans.set(planOf(call), changed);
        return tell(changed);
      },
      'backup.DeleteRestoreTestingPlan': (call) =>
        plans.delete(planOf(call)) ? json({}, 204) : notFound(call, 'restore testing plan'),
      'backup.CreateRestoreTestingSelection': (call) => {
        const plan = plans.get(planOf(call));
        if (plan === undefined) return notFound(call, 'restore testing plan');
        const sent = objectOf(readJson(call.body)['RestoreTestingSelection']);
        const { RestoreTestingPlanArn, RestoreTestingPlanName } = plan;
        const made = {
          ...{ RestoreMetadataOverrides: {}, ...sent, CreationTime: seconds() },
          ...{ RestoreTestingPlanArn, RestoreTestingPlanName },
        };
        selections.set(`${pathOf(call)}/${text(sent['RestoreTestingSelectionName'])}`, made);
        return tell(made, 201);
      },
      'backup.GetRestoreTestingSelection': (call) => {
        const { RestoreTestingPlanArn: _, ...selection } = selections.get(pathOf(call)) ?? {};
        return 'CreationTime' in selection
          ? json({ RestoreTestingSelection: selection })
          : notFound(call, 'restore testing selection');
      },
      'backup.UpdateRestoreTestingSelection': (call) => {
        const selection = selections.get(pathOf(call));
        if (selection === undefined) return notFound(call, 'restore testing selection');
        const changed = { ...selection, ...objectOf(readJson(call.body)['RestoreTestingSelection']) };
        selections.set(pathOf(call), changed);
        return tell(changed);
      },
      'backup.DeleteRestoreTestingSelection': (call) =>
        selections.delete(pathOf(call)) ? json({}, 204) : notFound(call, 'restore testing selection'),
      'backup.ListTags': (call, forward) =>
        isOfPlan(call)
          ? json({ Tags: tags.of(arnOf(call)) })
          : forward({ ...call, url: call.url.replace(/\/?(\?|$)/, '/$1') }),
      'backup.TagResource': (call, forward) =>
        isOfPlan(call) ? tags.add(arnOf(call), readJson(call.body)['Tags']) : forward(call),
      'backup.UntagResource': (call, forward) =>
        isOfPlan(call) ? tags.remove(arnOf(call), readJson(call.body)['TagKeyList']) : forward(call),
    },
  };
}

/** Recovery reaches to five minutes ago, "typically" by its documentation. */
const notYetMs = 300_000;

function restoredTables(now: () => number): Gap {
  /** Another call of the same client. */
  const ask = async (call: Call, forward: Forward, action: string, body: JsonObject): Promise<Answer> =>
    forward({
      ...{ ...call, action, body: Buffer.from(JSON.stringify(body)) },
      headers: { ...call.headers, 'x-amz-target': `DynamoDB_20120810.${action}` },
    });
  const recoveryIn = ({ body }: Answer): JsonObject =>
    objectOf(objectOf(readJson(body)['ContinuousBackupsDescription'])['PointInTimeRecoveryDescription']);
  const latest = (from: Json | undefined): number => Math.max(Number(from), (now() - notYetMs) / 1000);
  /** Keys of tables that were restored or changed, by table. */
  const keys = new Map<string, Json | undefined>();
  const withKey = (table: JsonObject): JsonObject => {
    const arn = keys.get(text(table['TableName']));
    return arn === undefined
      ? table
      : { ...table, SSEDescription: { Status: 'ENABLED', SSEType: 'KMS', KMSMasterKeyArn: arn } };
  };
  const describe = async (call: Call, forward: Forward, TableName: string): Promise<JsonObject> =>
    objectOf(readJson((await ask(call, forward, 'DescribeTable', { TableName })).body)['Table']);
  /** Billing and encryption of the new table: as asked for; recovery keeps the source's key, a backup doesn't say. */
  const settle = async (call: Call, forward: Forward, source: string): Promise<Answer> => {
    const answer = await forward(call);
    if (answer.status !== 200) return answer;
    const { TargetTableName, SSESpecificationOverride: override } = readJson(call.body);
    const TableName = text(TargetTableName);
    const { BillingModeSummary, SSEDescription } = withKey(await describe(call, forward, source));
    const { BillingMode } = objectOf(BillingModeSummary);
    const { KMSMasterKeyArn } = call.action === 'RestoreTableToPointInTime' ? objectOf(SSEDescription) : {};
    keys.set(TableName, objectOf(override)['KMSMasterKeyId'] ?? KMSMasterKeyArn);
    await ask(call, forward, 'UpdateTable', { TableName, BillingMode });
    return json({ TableDescription: withKey(await describe(call, forward, TableName)) });
  };
  return {
    reason:
      'moto restores what is there now, whatever time is named and though recovery is off; forgets how the source is billed, and of every table a change of its key; and says that recovery ends when it began',
    answers: {
      'dynamodb.DescribeTable': async (call, forward) => {
        const answer = await forward(call);
        const { Table } = readJson(answer.body);
        return isObject(Table) ? json({ Table: withKey(Table) }) : answer;
      },
      'dynamodb.UpdateTable': (call, forward) => {
        const { TableName, SSESpecification } = readJson(call.body);
        const { KMSMasterKeyId } = objectOf(SSESpecification);
        if (KMSMasterKeyId !== undefined) keys.set(text(TableName), KMSMasterKeyId);
        return forward(call);
      },
      'dynamodb.DescribeContinuousBackups': async (call, forward) => {
        const answer = await forward(call);
        const { EarliestRestorableDateTime: from, ...recovery } = recoveryIn(answer);
        if (from === undefined) return answer;
        const described = {
          ...recovery,
          EarliestRestorableDateTime: from,
          LatestRestorableDateTime: latest(from),
        };
        const backups = objectOf(readJson(answer.body)['ContinuousBackupsDescription']);
        return json({
          ContinuousBackupsDescription: { ...backups, PointInTimeRecoveryDescription: described },
        });
      },
      'dynamodb.RestoreTableToPointInTime': async (call, forward) => {
        const { SourceTableName: TableName, RestoreDateTime: time } = readJson(call.body);
        const { EarliestRestorableDateTime: from } = recoveryIn(
          await ask(call, forward, 'DescribeContinuousBackups', { TableName }),
        );
        if (from === undefined)
          return refusal(
            call,
            'PointInTimeRecoveryUnavailableException',
            `Point in time recovery is not enabled for ${text(TableName)}.`,
          );
        if (Number(time) < Math.floor(Number(from)) || Number(time) > latest(from))
          return refusal(
            call,
            'InvalidRestoreTimeException',
            'RestoreDateTime is outside of what can be restored.',
          );
        return settle(call, forward, text(TableName));
      },
      'dynamodb.RestoreTableFromBackup': (call, forward) =>
        settle(call, forward, /table\/([^/]+)/.exec(text(readJson(call.body)['BackupArn']))?.[1] ?? ''),
    },
  };
}

const bucketOf = (call: Call): string => segment(call, 0);

function bucketPolicies(): Gap {
  const policies = new Map<string, Buffer>();
  const done: Answer = { status: 204, headers: {}, body: Buffer.alloc(0) };
  return {
    reason:
      'moto applies the denials of a bucket policy and ignores their conditions: a bucket that denies plain HTTP denies everything',
    answers: {
      's3.PutBucketPolicy': (call) => {
        policies.set(bucketOf(call), call.body);
        return done;
      },
      's3.GetBucketPolicy': (call) => {
        const body = policies.get(bucketOf(call));
        return body
          ? { status: 200, headers: { 'content-type': 'application/json' }, body }
          : refusal(call, 'NoSuchBucketPolicy', 'The bucket policy does not exist', 404);
      },
      's3.DeleteBucketPolicy': (call) => {
        policies.delete(bucketOf(call));
        return done;
      },
      's3.DeleteBucket': (call, forward) => {
        policies.delete(bucketOf(call));
        return forward(call);
      },
    },
  };
}

function suspendedVersioning(): Gap {
  const states = new Map<string, 'Enabled' | 'Suspended'>();
  const xml = (body: string): Answer => ({
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body: Buffer.from(body),
  });
  return {
    reason:
      'moto takes a suspended bucket for one without versions: emptying it, as a destroy does, crashes at the first delete marker',
    answers: {
      's3.CreateBucket': (call, forward) => {
        states.delete(bucketOf(call));
        return forward(call);
      },
      's3.PutBucketVersioning': (call, forward) => {
        const bucket = bucketOf(call);
        if (call.body.includes('<Status>Suspended</Status>') && states.has(bucket)) {
          states.set(bucket, 'Suspended');
          return xml('');
        }
        if (call.body.includes('<Status>Enabled</Status>')) states.set(bucket, 'Enabled');
        return forward(call);
      },
      's3.GetBucketVersioning': (call, forward) =>
        states.get(bucketOf(call)) === 'Suspended'
          ? xml('<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>')
          : forward(call),
    },
  };
}

/** Descriptions of security group rules that name another group or a prefix list, by rule id. */
function ruleDescriptions(): Gap {
  const ruleId = /<securityGroupRuleId>([^<]+)<\/securityGroupRuleId>/g;
  const descriptions = new Map<string, string>();
  const authorize = async (call: Call, forward: Forward): Promise<Answer> => {
    const answer = await forward(call);
    // One rule in a request, as the provider makes them; which of several got which id can't be told.
    const isDescription = ([key]: [string, string]): boolean =>
      /\.(Groups|PrefixListIds)\.1\.Description$/.test(key);
    const [description] = [...form(call)].filter(isDescription);
    const [created] = answer.body.toString().matchAll(ruleId);
    if (created?.[1] !== undefined && description) descriptions.set(created[1], description[1]);
    return answer;
  };
  return {
    reason:
      'moto describes only rules for addresses: the descriptions of rules for groups and prefix lists would be set at each apply',
    answers: {
      'ec2.AuthorizeSecurityGroupIngress': authorize,
      'ec2.AuthorizeSecurityGroupEgress': authorize,
      // A changed description moto keeps, for every kind of rule.
      'ec2.ModifySecurityGroupRules': async (call, forward) => {
        const answer = await forward(call);
        const id = form(call).get('SecurityGroupRule.1.SecurityGroupRuleId') ?? '';
        if (answer.status === 200) descriptions.delete(id);
        return answer;
      },
      'ec2.DescribeSecurityGroupRules': async (call, forward) => {
        const answer = await forward(call);
        const body = answer.body.toString().replace(ruleId, (element, id: string) => {
          const description = descriptions.get(id);
          const added = description === undefined ? '' : `<description>${escape(description)}</description>`;
          return `${element}${added}`;
        });
        return { ...answer, body: Buffer.from(body) };
      },
    },
  };
}

function functionLogs(): Gap {
  const settings = new Map<string, Json>();
  const keep = (name: string, { body }: Call): void => {
    const { LoggingConfig: sent } = readJson(body);
    if (sent !== undefined) settings.set(name, sent);
  };
  return {
    reason: 'moto forgets where a Lambda function logs: the setting would be made at each apply',
    answers: {
      'lambda.CreateFunction': (call, forward) => {
        keep(text(readJson(call.body)['FunctionName']), call);
        return forward(call);
      },
      'lambda.UpdateFunctionConfiguration': (call, forward) => {
        keep(segment(call, 2), call);
        return forward(call);
      },
      'lambda.GetFunction': async (call, forward) => {
        const answer = await forward(call);
        const { Configuration: configuration, ...rest } = readJson(answer.body);
        const LoggingConfig = settings.get(segment(call, 2));
        if (answer.status !== 200 || LoggingConfig === undefined) return answer;
        return json({ ...rest, Configuration: { ...objectOf(configuration), LoggingConfig } });
      },
    },
  };
}

/** Feature plans of Cognito user pools, and their tags, by pool id. */
function userPools(): Gap {
  const tiers = new Map<string, string>();
  const tags = createTags();
  const complete = (answer: Answer): Answer => {
    const { UserPool: pool, ...rest } = readJson(answer.body);
    if (answer.status !== 200 || !isObject(pool)) return answer;
    const id = text(pool['Id']);
    const added = { UserPoolTags: tags.of(id), UserPoolTier: tiers.get(id) ?? 'ESSENTIALS' };
    return json({ ...rest, UserPool: { ...pool, ...added } });
  };
  const idOf = (arn: Json | undefined): string => text(arn).split('/').at(-1) ?? '';
  return {
    reason:
      'moto forgets the feature plan of a user pool, which would be set at each apply, and changes no tags of one that is there',
    answers: {
      'cognito-idp.CreateUserPool': async (call, forward) => {
        const answer = await forward(call);
        const id = text(objectOf(readJson(answer.body)['UserPool'])['Id']);
        const { UserPoolTier: tier, UserPoolTags: sent } = readJson(call.body);
        if (typeof tier === 'string') tiers.set(id, tier);
        tags.set(id, sent);
        return complete(answer);
      },
      'cognito-idp.TagResource': ({ body }) => {
        const { ResourceArn: arn, Tags: added } = readJson(body);
        return tags.add(idOf(arn), added);
      },
      'cognito-idp.UntagResource': ({ body }) => {
        const { ResourceArn: arn, TagKeys: removed } = readJson(body);
        return tags.remove(idOf(arn), removed);
      },
      'cognito-idp.UpdateUserPool': (call, forward) => {
        const { UserPoolId: id, UserPoolTier: tier } = readJson(call.body);
        if (typeof tier === 'string') tiers.set(text(id), tier);
        return forward(call);
      },
      'cognito-idp.DescribeUserPool': async (call, forward) => complete(await forward(call)),
    },
  };
}

/** Nothing asks for a resource server again once Terraform has deleted it. */
const resourceServers: Gap = {
  reason: 'moto makes and reads resource servers but deletes them with their pool only',
  answers: { 'cognito-idp.DeleteResourceServer': () => json({}) },
};

/** vCPUs of tasks that run, as CloudWatch counts them. */
const fargateUsage = (kind: string): JsonObject => ({
  MetricNamespace: 'AWS/Usage',
  MetricName: 'ResourceCount',
  MetricDimensions: { Service: 'Fargate', Type: 'Resource', Resource: 'vCPU', Class: `Standard/${kind}` },
  MetricStatisticRecommendation: 'Maximum',
});

/** What a new account is granted. */
const quotas: Readonly<Record<string, JsonObject>> = {
  'fargate L-3032A538': { Value: 6, UsageMetric: fargateUsage('OnDemand') },
  'fargate L-36FBB829': { Value: 6, UsageMetric: fargateUsage('Spot') },
  'ec2 L-0263D0A3': { Value: 5 },
};

const serviceQuotas: Gap = {
  reason: 'moto knows the quotas of VPCs only; a preflight asks for those of Fargate and of addresses',
  answers: {
    'servicequotas.GetServiceQuota': (call, forward) => {
      const { ServiceCode, QuotaCode } = readJson(call.body);
      const quota = quotas[`${text(ServiceCode)} ${text(QuotaCode)}`];
      return quota ? json({ Quota: { ServiceCode, QuotaCode, ...quota } }) : forward(call);
    },
  },
};

/** Decides by the inline policies of a role and by attached service control policies, without their conditions. */
function policySimulation(): Gap {
  const roles = new Map<string, string>();
  const controls = new Map<string, string>();
  const attached = new Set<string>();
  const statements = (document: string): readonly JsonObject[] =>
    [objectOf(JSON.parse(document) as Json)['Statement']].flat().filter(isObject);
  const names = (statement: JsonObject, action: string): boolean =>
    [statement['Action']]
      .flat()
      .some((pattern) => new RegExp(`^${text(pattern).replaceAll('*', '.*')}$`, 'i').test(action));
  const decide = (own: readonly JsonObject[], action: string): string => {
    const effects = own.filter((one) => names(one, action)).map(({ Effect }) => Effect);
    if (effects.includes('Deny')) return 'explicitDeny';
    return effects.includes('Allow') ? 'allowed' : 'implicitDeny';
  };
  return {
    reason:
      'moto simulates no policy; a preflight asks what the caller and the organisation allow before anything is made',
    answers: {
      'organizations.CreatePolicy': async (call, forward) => {
        const answer = await forward(call);
        const { PolicySummary: summary } = objectOf(readJson(answer.body)['Policy']);
        controls.set(text(objectOf(summary)['Id']), text(readJson(call.body)['Content']));
        return answer;
      },
      'organizations.AttachPolicy': (call, forward) => {
        attached.add(text(readJson(call.body)['PolicyId']));
        return forward(call);
      },
      'iam.PutRolePolicy': (call, forward) => {
        const fields = form(call);
        const policy = `${fields.get('RoleName') ?? ''} ${fields.get('PolicyName') ?? ''}`;
        roles.set(policy, fields.get('PolicyDocument') ?? '{}');
        return forward(call);
      },
      'iam.SimulatePrincipalPolicy': (call) => {
        const fields = form(call);
        const role = (fields.get('PolicySourceArn') ?? '').split('/').at(-1) ?? '';
        const documents = [...roles].filter(([policy]) => policy.startsWith(`${role} `));
        if (documents.length === 0) return refusal(call, 'NoSuchEntity', 'No policy of it is known.', 404);
        const own = documents.flatMap(([, document]) => statements(document));
        const forbidden = [...attached].flatMap((id) => statements(controls.get(id) ?? '{}'));
        const results = members(fields, 'ActionNames').map((action) => {
          const isForbidden = forbidden.some((one) => one['Effect'] === 'Deny' && names(one, action));
          const decision = isForbidden ? 'explicitDeny' : decide(own, action);
          const organisation = `<OrganizationsDecisionDetail><AllowedByOrganizations>${!isForbidden}</AllowedByOrganizations></OrganizationsDecisionDetail>`;
          return `<member><EvalActionName>${escape(action)}</EvalActionName><EvalResourceName>*</EvalResourceName><EvalDecision>${decision}</EvalDecision>${organisation}</member>`;
        });
        const inner = `<IsTruncated>false</IsTruncated><EvaluationResults>${results.join('')}</EvaluationResults>`;
        return xml('SimulatePrincipalPolicy', 'https://iam.amazonaws.com/doc/2010-05-08/', inner);
      },
    },
  };
}

/** What a one-time schedule may call: an action of a service that speaks JSON, by its universal target. */
const scheduled = /:aws-sdk:(wafv2):(updateIPSet)$/;

/** Node.js runs a longer timer at once; no emulator lives for 24 days. */
const longestTimerMs = 2 ** 31 - 1;

function oneTimeSchedules(now: () => number): Gap {
  return {
    reason: 'moto remembers schedules and never runs one; the end of maintenance mode is a one-time schedule',
    answers: {
      'scheduler.CreateSchedule': async (call, forward) => {
        const { ScheduleExpression: expression, Target } = readJson(call.body);
        const [, at = ''] = /^at\((.+)\)$/.exec(text(expression)) ?? [];
        const { Arn: target, Input: input } = objectOf(Target);
        const [, service = ''] = scheduled.exec(text(target)) ?? [];
        if (at === '' || service === '')
          return refusal(
            call,
            'NotEmulated',
            `Only at(…) and wafv2:updateIPSet are run, not ${text(target)}.`,
          );
        const answer = await forward(call);
        const run = async (): Promise<void> => {
          const named = {
            ...call,
            url: `${path(call.url)}?groupName=${text(readJson(call.body)['GroupName'])}`,
          };
          const none = Buffer.alloc(0);
          const kept = await forward({ ...named, method: 'GET', body: none });
          // It was deleted meanwhile.
          if (kept.status !== 200) return;
          const headers = {
            ...call.headers,
            'x-amz-target': 'AWSWAF_20190729.UpdateIPSet',
            'content-type': 'application/x-amz-json-1.1',
            authorization: call.headers.authorization?.replace('/scheduler/', `/${service}/`),
          };
          await forward({ ...call, method: 'POST', url: '/', headers, body: Buffer.from(text(input)) });
          await forward({ ...named, method: 'DELETE', body: none });
        };
        if (answer.status === 200)
          setTimeout(
            () => void run().catch(() => undefined),
            Math.min(longestTimerMs, Math.max(0, Date.parse(`${at}Z`) - now())),
          ).unref();
        return answer;
      },
    },
  };
}
