import { CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, DescribeResourcePoliciesCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  DescribeAddressesCommand,
  DescribeAvailabilityZonesCommand,
  DescribeNatGatewaysCommand,
  DescribeRegionsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import {
  IAMClient,
  ListOpenIDConnectProvidersCommand,
  ListOpenIDConnectProviderTagsCommand,
  paginateListRoles,
  SimulatePrincipalPolicyCommand,
  type EvaluationResult,
} from '@aws-sdk/client-iam';
import { GetHostedZoneCommand, Route53Client } from '@aws-sdk/client-route-53';
import { GetServiceQuotaCommand, ServiceQuotasClient, type MetricInfo } from '@aws-sdk/client-service-quotas';
import { STSClient, type STSClientConfig } from '@aws-sdk/client-sts';
import { Problem, reasonOf, textOf as fieldText } from '../../app/src/commands/problem.ts';
import { checkArchitecture, wantedArchitecture, type Architecture } from './architecture.ts';
import { checkReach } from './reach.ts';
import { fieldOf, listOf, numberOf, textOf, type Settings } from './settings.ts';

export type Verdict = 'ok' | 'wrong' | 'not checked';

export interface Finding {
  readonly check: string;
  readonly verdict: Verdict;
  /** What was found, or why nothing could be. */
  readonly found: string;
  /** What to do about it; empty where nothing has to be done. */
  readonly remedy: string;
}

export interface PreflightOptions {
  /** `terraform/`, with the settings of the environment. */
  readonly root: string;
  readonly environment: string;
  /** By digest; empty before the first one is pushed. */
  readonly image: string;
  readonly env: NodeJS.ProcessEnv;
  readonly now: Date;
  /** The clients of a region; an emulated account is given its address and credentials. */
  readonly clients: (region: string) => Clients;
  readonly resolveNameServers: (zone: string) => Promise<readonly string[]>;
  /** What an image was built for, by its own registry. */
  readonly builtFor: (image: string, wanted: Architecture) => Promise<string>;
}

export type Clients = ReturnType<typeof createClients>;

export const createClients = (settings: Pick<STSClientConfig, 'region' | 'endpoint' | 'credentials'>) => ({
  cloudwatch: new CloudWatchClient(settings),
  ec2: new EC2Client(settings),
  iam: new IAMClient(settings),
  logs: new CloudWatchLogsClient(settings),
  quotas: new ServiceQuotasClient(settings),
  route53: new Route53Client(settings),
  sts: new STSClient(settings),
});

/** What the checks share. */
export interface Account extends PreflightOptions {
  readonly settings: Settings;
  readonly region: string;
  readonly aws: Clients;
  readonly id: string;
  /** ARN of the caller's user or role; undefined where nobody can simulate it: the account's root. */
  readonly principal: string | undefined;
  /** Whether the environment's VPC is there: then what it takes is in use already. */
  readonly isDeployed: boolean;
}

type Found = Omit<Finding, 'check'>;
const ok = (found: string): Found => ({ verdict: 'ok', found, remedy: '' });
const wrong = (found: string, remedy: string): Found => ({ verdict: 'wrong', found, remedy });
const unknown = (found: string, remedy: string): Found => ({ verdict: 'not checked', found, remedy });

/** In the order of a first deployment. */
export const checks: Readonly<
  Record<string, (account: Account) => Promise<Found | readonly Found[]> | Found | readonly Found[]>
> = {
  account: checkAccount,
  region: checkRegion,
  zones: checkZones,
  quota: checkQuotas,
  'service-linked roles': checkServiceLinkedRoles,
  'OIDC provider': checkOidcProvider,
  domain: checkDomain,
  networks: (account) => orWrong(() => checkNetworks(account)),
  architecture: (account) => orWrong(() => checkProcessors(account)),
  permissions: checkPermissions,
};

/** What could not be asked is told as such: whoever deploys may do what they may not look at. */
export const explain = (error: unknown): Found =>
  unknown(
    `${fieldText(error, 'name')}: ${reasonOf(error)}`,
    'Allow the caller this read (the policy ReadOnlyAccess has it), or look yourself.',
  );

/** What would refuse a release is wrong here. */
const orWrong = (check: () => Found | Promise<Found>): Promise<Found> =>
  Promise.resolve()
    .then(check)
    .catch((error: unknown) => {
      if (error instanceof Problem) return wrong(error.message, error.remedy);
      throw error;
    });

function checkAccount({ id, env, settings, principal }: Account): Found {
  const meant = [
    ['TF_VAR_account_id', textOf(settings('account_id'))],
    ['IMAGE_REPOSITORY', /^(\d{12})\.dkr\./.exec(env['IMAGE_REPOSITORY'] ?? '')?.[1]],
    ['STATE_KMS_KEY_ARN', env['STATE_KMS_KEY_ARN']?.split(':')[4]],
  ].flatMap(([name, account]) => (account === undefined ? [] : [{ name, account }]));
  const other = meant.find(({ account }) => account !== id);
  if (other !== undefined)
    return wrong(
      `the credentials are of ${id}, and ${other.name ?? ''} names ${other.account}`,
      'Name the profile of the right account in AWS_PROFILE, or unset what was left of another one.',
    );
  const who = `${id}, as ${principal ?? 'its root user'}`;
  return ok(meant.length === 0 ? `${who}; TF_VAR_account_id would refuse every other one` : who);
}

async function checkRegion({ region, settings, env, aws }: Account): Promise<Found> {
  const allowed = listOf(settings('allowed_regions'));
  if (!allowed.includes(region))
    return wrong(
      `${region} is not among allowed_regions (${allowed.join(', ')})`,
      `Name both: TF_VAR_region=${region} TF_VAR_allowed_regions='["${region}"]'.`,
    );
  const { AWS_REGION: session } = env;
  if (session !== undefined && session !== region)
    return wrong(
      `AWS_REGION is ${session}, and everything would be made in ${region}`,
      `Set TF_VAR_region=${session} and TF_VAR_allowed_regions='["${session}"]', or AWS_REGION=${region}.`,
    );
  const { Regions = [] } = await aws.ec2.send(
    new DescribeRegionsCommand({
      AllRegions: true,
      Filters: [{ Name: 'region-name', Values: [region] }],
    }),
  );
  const known = Regions.find(({ RegionName }) => RegionName === region);
  if (known === undefined) return wrong(`there is no region ${region}`, 'Correct TF_VAR_region.');
  return known.OptInStatus === 'not-opted-in'
    ? wrong(
        `${region} is not enabled in this account`,
        'Enable it: aws account enable-region, or Account in the console.',
      )
    : ok(region);
}

/** Where AWS names the only zones that run Fargate: docs.aws.amazon.com/AmazonECS/latest/developerguide/AWS_Fargate-Regions.html. */
const fargateZones: Readonly<Record<string, readonly string[]>> = {
  'us-west-1': ['usw1-az1', 'usw1-az3'],
  'ap-northeast-1': ['apne1-az1', 'apne1-az2', 'apne1-az4'],
};

async function checkZones({ region, settings, aws }: Account): Promise<Found> {
  const excluded = listOf(settings('exclude_zone_ids'));
  const { AvailabilityZones = [] } = await aws.ec2.send(
    new DescribeAvailabilityZonesCommand({
      AllAvailabilityZones: true,
      Filters: [{ Name: 'opt-in-status', Values: ['opt-in-not-required'] }],
    }),
  );
  return judgeZones(
    region,
    AvailabilityZones.map(({ ZoneName = '', ZoneId = '' }) => ({ ZoneName, ZoneId })),
    excluded,
  );
}

/** As terraform/locals.tf takes them: the first three by name. */
export function judgeZones(
  region: string,
  offered: readonly { readonly ZoneName: string; readonly ZoneId: string }[],
  excluded: readonly string[],
): Found {
  const zones = offered
    .filter(({ ZoneId }) => !excluded.includes(ZoneId))
    .sort((a, b) => a.ZoneName.localeCompare(b.ZoneName))
    .slice(0, 3);
  const named = zones.map(({ ZoneName, ZoneId }) => `${ZoneName} (${ZoneId})`).join(', ');
  if (zones.length < 3)
    return wrong(`${region} offers ${zones.length} zones: ${named}`, 'Choose a region with three zones.');
  const ids = zones.map(({ ZoneId }) => ZoneId);
  const without = ids.filter((id) => fargateZones[region]?.includes(id) === false);
  return without.length === 0
    ? ok(named)
    : wrong(
        `no Fargate in ${without.join(', ')}`,
        `Leave them out: TF_VAR_exclude_zone_ids='${JSON.stringify([...excluded, ...without])}'. With fewer than three left, choose another region.`,
      );
}

interface Quota {
  readonly what: string;
  readonly service: string;
  readonly code: string;
  readonly needed: number;
  readonly used: (metric: MetricInfo | undefined) => Promise<number>;
}

/** Log resource policies of a region; Service Quotas does not know this limit of CloudWatch Logs. */
const logPolicyLimit = 10;

async function checkQuotas(account: Account): Promise<readonly Found[]> {
  const { aws, isDeployed, settings } = account;
  const gateways = isDeployed ? 0 : ({ single_nat: 1, nat_per_zone: 3 }[String(settings('egress'))] ?? 0);
  const { spot, onDemand } = isDeployed ? { spot: 0, onDemand: 0 } : processorsOf(settings);
  const byMetric = (metric: MetricInfo | undefined): Promise<number> => usageOf(account, metric);
  const quotas: readonly Quota[] = [
    { what: 'Fargate vCPU', service: 'fargate', code: 'L-3032A538', needed: onDemand, used: byMetric },
    { what: 'Fargate Spot vCPU', service: 'fargate', code: 'L-36FBB829', needed: spot, used: byMetric },
    {
      what: 'elastic addresses',
      service: 'ec2',
      code: 'L-0263D0A3',
      needed: gateways,
      used: async () => (await aws.ec2.send(new DescribeAddressesCommand({}))).Addresses?.length ?? 0,
    },
    {
      what: 'VPCs',
      service: 'vpc',
      code: 'L-F678F1CE',
      needed: isDeployed ? 0 : 1,
      used: async () => (await aws.ec2.send(new DescribeVpcsCommand({}))).Vpcs?.length ?? 0,
    },
    {
      what: 'NAT gateways in a zone',
      service: 'vpc',
      code: 'L-FE5A380F',
      needed: Math.min(gateways, 1),
      used: () => gatewaysInFullestZone(aws),
    },
  ];
  const { resourcePolicies = [] } = await aws.logs.send(new DescribeResourcePoliciesCommand({}));
  return [
    ...(await Promise.all(quotas.map((quota) => checkQuota(account, quota).catch(explain)))),
    // Of the events and of the firewall: AWS adds the second by itself.
    judgeQuota('log resource policies', resourcePolicies.length, isDeployed ? 0 : 2, logPolicyLimit, ''),
  ];
}

async function checkQuota(
  { aws, region }: Account,
  { what, service, code, needed, used }: Quota,
): Promise<Found> {
  const { Quota: quota } = await aws.quotas.send(
    new GetServiceQuotaCommand({ ServiceCode: service, QuotaCode: code }),
  );
  if (quota?.Value === undefined)
    return unknown(`${what}: no quota is known`, `Look at Service Quotas, ${service}, ${code}.`);
  const ask = `aws service-quotas request-service-quota-increase --service-code ${service} --quota-code ${code} --region ${region} --desired-value`;
  return judgeQuota(what, await used(quota.UsageMetric), needed, quota.Value, ask);
}

function judgeQuota(what: string, used: number, needed: number, granted: number, ask: string): Found {
  const found = `${what}: ${used} of ${granted} used, up to ${needed} more needed`;
  if (used + needed <= granted) return ok(found);
  return wrong(
    found,
    ask === ''
      ? `Remove what nobody needs: AWS grants no more than ${granted}.`
      : `Ask for more: ${ask} ${Math.ceil(used + needed)}. It takes hours to days; or give back what nobody uses.`,
  );
}

/** vCPUs of all tasks at their most while a deployment replaces them: each of them is there twice. */
function processorsOf(settings: Settings): { readonly onDemand: number; readonly spot: number } {
  const [scaling, capacity] = [settings('scaling'), settings('capacity')];
  const schedules = Object.values(Object(fieldOf(scaling, 'schedules')) as Record<string, unknown>);
  const most = Math.max(...[scaling, ...schedules].map((one) => numberOf(fieldOf(one, 'max_tasks'))));
  const [base, weight, spotWeight] = ['fargate_base', 'fargate_weight', 'spot_weight'].map((field) =>
    numberOf(fieldOf(capacity, field)),
  ) as [number, number, number];
  const vcpu = (2 * numberOf(fieldOf(settings('task_size'), 'cpu'))) / 1024;
  const shared = Math.max(most - base, 0);
  const onSpot = weight + spotWeight === 0 ? 0 : Math.ceil((shared * spotWeight) / (weight + spotWeight));
  return {
    spot: onSpot * vcpu,
    onDemand: (most - Math.floor((shared * spotWeight) / (weight + spotWeight || 1))) * vcpu,
  };
}

/** The most of the last three hours, by the metric that the quota itself names. */
async function usageOf({ aws, now }: Account, metric: MetricInfo | undefined): Promise<number> {
  if (metric?.MetricName === undefined)
    throw new Problem('The quota names no metric of its use.', 'Look at the usage in Service Quotas.');
  const { Datapoints = [] } = await aws.cloudwatch.send(
    new GetMetricStatisticsCommand({
      Namespace: metric.MetricNamespace,
      MetricName: metric.MetricName,
      Dimensions: Object.entries(metric.MetricDimensions ?? {}).map(([Name, Value]) => ({ Name, Value })),
      StartTime: new Date(now.getTime() - 3 * 3_600_000),
      EndTime: now,
      Period: 300,
      Statistics: ['Maximum'],
    }),
  );
  return Math.max(0, ...Datapoints.map(({ Maximum = 0 }) => Maximum));
}

async function gatewaysInFullestZone({ ec2 }: Clients): Promise<number> {
  const { NatGateways = [] } = await ec2.send(
    new DescribeNatGatewaysCommand({ Filter: [{ Name: 'state', Values: ['pending', 'available'] }] }),
  );
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
  const zoneOf = new Map(Subnets.map(({ SubnetId, AvailabilityZone }) => [SubnetId, AvailabilityZone]));
  const zones = NatGateways.map(({ SubnetId }) => zoneOf.get(SubnetId));
  return Math.max(0, ...zones.map((zone) => zones.filter((one) => one === zone).length));
}

/** Services whose first use in an account makes a role of theirs, and what of this project uses them. */
const linkedServices = (settings: Settings): readonly string[] => [
  'backup.amazonaws.com',
  'ecs.amazonaws.com',
  'ecs.application-autoscaling.amazonaws.com',
  'elasticloadbalancing.amazonaws.com',
  'wafv2.amazonaws.com',
  ...(settings('multi_region') === false ? [] : ['mrk.kms.amazonaws.com']),
  ...(settings('replicate') === true ? ['replication.dynamodb.amazonaws.com'] : []),
  ...(settings('issuer_network') === undefined ? [] : ['transitgateway.amazonaws.com']),
];

async function checkServiceLinkedRoles({ aws, settings, ...account }: Account): Promise<Found> {
  const paths: string[] = [];
  for await (const { Roles = [] } of paginateListRoles(
    { client: aws.iam },
    { PathPrefix: '/aws-service-role/' },
  ))
    paths.push(...Roles.map(({ Path = '' }) => Path));
  const missing = linkedServices(settings).filter(
    (service) => !paths.some((path) => path.includes(`/${service}/`)),
  );
  if (missing.length === 0) return ok('all are there');
  const remedy = `Let somebody who may make them once: for service in ${missing.join(' ')}; do aws iam create-service-linked-role --aws-service-name $service; done`;
  const found = `not there yet: ${missing.join(', ')}`;
  const [decision] = await simulate({ ...account, aws, settings }, ['iam:CreateServiceLinkedRole']).catch(
    () => [],
  );
  if (decision === undefined)
    return unknown(`${found}; whether the caller may make them is not known`, remedy);
  return decision.EvalDecision === 'allowed'
    ? ok(`${found}; their first use makes them, and the caller may`)
    : wrong(`${found}, and the caller may not make them`, remedy);
}

async function checkOidcProvider({ aws, settings }: Account): Promise<Found> {
  // A variable of terraform/bootstrap.
  const bitbucket = settings('bitbucket');
  if (bitbucket === undefined)
    return ok('no pipeline is named (TF_VAR_bitbucket); bootstrap makes no provider');
  const url = `api.bitbucket.org/2.0/workspaces/${String(fieldOf(bitbucket, 'workspace'))}/pipelines-config/identity/oidc`;
  const named = textOf(fieldOf(bitbucket, 'oidc_provider_arn'));
  const { OpenIDConnectProviderList = [] } = await aws.iam.send(new ListOpenIDConnectProvidersCommand({}));
  const arns = OpenIDConnectProviderList.map(({ Arn = '' }) => Arn);
  if (named !== undefined)
    return arns.includes(named)
      ? ok(named)
      : wrong(
          `${named} is not in this account`,
          'Correct oidc_provider_arn in TF_VAR_bitbucket, or leave it out: bootstrap makes it.',
        );
  const present = arns.find((arn) => arn.endsWith(`:oidc-provider/${url}`));
  if (present === undefined) return ok('none is there for this workspace; bootstrap makes it');
  const { Tags = [] } = await aws.iam.send(
    new ListOpenIDConnectProviderTagsCommand({ OpenIDConnectProviderArn: present }),
  );
  const project = textOf(settings('project')) ?? '';
  return Tags.some(({ Key, Value }) => Key === 'project' && Value === project)
    ? ok(`${present}, made by bootstrap`)
    : wrong(
        `${present} is there and not ours, and an account has one for each address`,
        `Share it: "oidc_provider_arn": "${present}" in TF_VAR_bitbucket.`,
      );
}

async function checkDomain(account: Account): Promise<Found> {
  const { settings, environment } = account;
  const domain = textOf(settings('domain_name'));
  if (domain === undefined) {
    if (environment === 'prod')
      return wrong(
        'prod has no domain, and speaks TLS only',
        'Set TF_VAR_domain_name and TF_VAR_hosted_zone_id.',
      );
    return settings('plain_http') === 'tokens in clear'
      ? ok('none: tokens travel in clear, as TF_VAR_plain_http says')
      : wrong(
          'no domain, so tokens would travel in clear',
          "Set TF_VAR_domain_name and TF_VAR_hosted_zone_id, or say that you know: TF_VAR_plain_http='tokens in clear'.",
        );
  }
  const certificate = textOf(settings('certificate_arn'));
  if (certificate !== undefined)
    return unknown(
      `${domain}, by a certificate of your own`,
      `Is it issued, and for this name? aws acm describe-certificate --certificate-arn ${certificate}`,
    );
  const zoneId = textOf(settings('hosted_zone_id'));
  if (zoneId === undefined)
    return wrong(
      `${domain} has neither zone nor certificate`,
      'Set TF_VAR_hosted_zone_id or TF_VAR_certificate_arn.',
    );
  return checkZone(account, domain, zoneId);
}

async function checkZone(
  { aws, resolveNameServers }: Account,
  domain: string,
  zoneId: string,
): Promise<Found> {
  const { HostedZone: zone, DelegationSet: delegation } = await aws.route53
    .send(new GetHostedZoneCommand({ Id: zoneId }))
    .catch((error: unknown) => {
      if (fieldText(error, 'name') === 'NoSuchHostedZone')
        return { HostedZone: undefined, DelegationSet: undefined };
      throw error;
    });
  const choose = 'Name the public zone that holds the domain: aws route53 list-hosted-zones.';
  if (zone?.Name === undefined) return wrong(`there is no zone ${zoneId} in this account`, choose);
  const name = zone.Name.replace(/\.$/, '');
  if (zone.Config?.PrivateZone === true) return wrong(`${zoneId} (${name}) is a private zone`, choose);
  if (domain !== name && !domain.endsWith(`.${name}`))
    return wrong(`${zoneId} is ${name}, which does not hold ${domain}`, choose);
  const told = await resolveNameServers(name).catch(() => []);
  const own = (delegation?.NameServers ?? []).map((server) => server.replace(/\.$/, '').toLowerCase());
  if (told.some((server) => own.includes(server.replace(/\.$/, '').toLowerCase())))
    return ok(`${domain} in ${zoneId}, which the world asks`);
  return wrong(
    `the world asks ${told.length === 0 ? 'nobody' : told.join(', ')} for ${name}, and not this zone: no certificate could be validated`,
    `Delegate ${name} to ${own.join(', ')} at whoever holds the domain above it.`,
  );
}

/** Who may call, and whether the pipeline that probes is among them. */
function checkNetworks({ environment, settings, env }: Account): Found {
  const cidrs = listOf(settings('allowed_cidrs'));
  if (cidrs.length === 0)
    return wrong(
      'allowed_cidrs names no network: nobody could reach the service',
      `Name yours: TF_VAR_allowed_cidrs='["203.0.113.7/32"]'.`,
    );
  const hasPipeline = settings('bitbucket') !== undefined || env['RUNNER_CIDRS'] !== undefined;
  if (!hasPipeline) return ok(cidrs.join(', '));
  checkReach(settings, environment, { ...env, BITBUCKET_BUILD_NUMBER: 'of the preflight' });
  return ok(`${cidrs.join(', ')}, the pipeline among them`);
}

/** One processor in all environments, and the image built for it. */
async function checkProcessors({ root, env, image, builtFor }: Account): Promise<Found> {
  const wanted = await wantedArchitecture(root, env);
  if (image === '')
    return ok(`${wanted} in all environments; no image is named yet, \`make image\` builds for it`);
  const built = await builtFor(image, wanted).catch((error: unknown) => ({ error }));
  if (typeof built === 'object') return explain(built.error);
  checkArchitecture(image, built, wanted);
  return ok(`${wanted}, image and tasks`);
}

/** One call of each kind that bootstrap and the first apply begin with; where an organisation forbids, it forbids these. */
const firstCalls = [
  'aps:CreateWorkspace',
  'backup:CreateBackupVault',
  'budgets:ModifyBudget',
  'cloudwatch:PutCompositeAlarm',
  'cognito-idp:CreateUserPool',
  'dynamodb:CreateTable',
  'ec2:AllocateAddress',
  'ec2:CreateInternetGateway',
  'ec2:CreateNatGateway',
  'ec2:CreateVpc',
  'ec2:CreateVpcEndpoint',
  'ecr:CreateRepository',
  'ecs:CreateCluster',
  'ecs:CreateService',
  'elasticloadbalancing:CreateLoadBalancer',
  'events:PutRule',
  'iam:CreatePolicy',
  'iam:CreateRole',
  'kms:CreateKey',
  'logs:CreateLogGroup',
  's3:CreateBucket',
  'secretsmanager:CreateSecret',
  'sns:CreateTopic',
  'wafv2:CreateWebACL',
];

async function simulate(
  { aws, principal, region, settings }: Pick<Account, 'aws' | 'principal' | 'region' | 'settings'>,
  actions: readonly string[],
): Promise<readonly EvaluationResult[]> {
  if (principal === undefined)
    throw new Problem('The root user of an account is not simulated.', 'Use a role.');
  const { EvaluationResults = [] } = await aws.iam.send(
    new SimulatePrincipalPolicyCommand({
      PolicySourceArn: principal,
      ActionNames: [...actions],
      ContextEntries: [
        { ContextKeyName: 'aws:RequestedRegion', ContextKeyType: 'string', ContextKeyValues: [region] },
        {
          ContextKeyName: 'kms:MultiRegion',
          ContextKeyType: 'boolean',
          ContextKeyValues: [String(settings('multi_region') !== false)],
        },
      ],
    }),
  );
  return EvaluationResults;
}

async function checkPermissions(account: Account): Promise<Found> {
  const { principal, region } = account;
  if (principal === undefined)
    return unknown('the root user is not simulated', 'Sign in as a role or user of the account.');
  if (principal.includes(':role/pipeline/'))
    return unknown('a role of the pipeline reaches its own names only', '`make roles` decides its requests.');
  const denied = (await simulate(account, firstCalls)).filter(
    ({ EvalDecision }) => EvalDecision !== 'allowed',
  );
  if (denied.length === 0)
    return ok(
      `${firstCalls.length} first calls are allowed; denials with conditions of an organisation are not seen`,
    );
  const name = (results: readonly EvaluationResult[]): string =>
    results.map(({ EvalActionName = '' }) => EvalActionName).join(', ');
  const byOrganisation = denied.filter(
    ({ OrganizationsDecisionDetail: detail }) => detail?.AllowedByOrganizations === false,
  );
  const own = denied.filter((one) => !byOrganisation.includes(one));
  return wrong(
    [
      ...(byOrganisation.length > 0 ? [`the organisation forbids ${name(byOrganisation)}`] : []),
      ...(own.length > 0 ? [`the caller may not ${name(own)}`] : []),
    ].join('; '),
    byOrganisation.length > 0
      ? `Ask whoever keeps the organisation's service control policies to allow them in ${region}, or use another account.`
      : 'Bootstrap and a first deployment by hand need administrator rights: use such a role.',
  );
}
