import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { planRelease, planVariables } from '../../tools/checks/plans/inputs.ts';
import { output } from '../../tools/lib/processes.ts';
import { emulatedAws, prepareScratch } from '../../tools/lib/terraform/emulated.ts';
import { terraformEnvironment } from '../../tools/lib/terraform/environment.ts';
import type { PlanJson } from '../../tools/lib/terraform/plan-json.ts';
import { startEmulator, type Emulator } from '../../tools/sandbox/emulator.ts';
import { built, describeWith, program } from '../support/requirements.ts';
import { awsProvider, registryModules, terraform } from '../support/terraform.ts';

const project = resolve(import.meta.dirname, '../..');

type Regions = Readonly<Record<'eu-west-1' | 'us-west-2' | 'us-gov-west-1' | 'every option', PlanJson>>;

/** Names that are one for all regions of an account (IAM, budgets) or of a partition (buckets). */
const globalNames: Readonly<Record<string, string>> = {
  aws_iam_role: 'name',
  aws_iam_policy: 'name',
  aws_s3_bucket: 'bucket',
  aws_budgets_budget: 'name',
};

const managed = (plan: PlanJson) =>
  (plan.resource_changes ?? []).filter(
    ({ mode, change }) => mode === 'managed' && change.actions[0] === 'create',
  );
const valueOf = (after: unknown, name: string): unknown =>
  typeof after === 'object' && after !== null ? Reflect.get(after, name) : undefined;
const globals = (plan: PlanJson): readonly string[] =>
  managed(plan).flatMap(({ type, change }) => {
    const name = valueOf(change.after, globalNames[type] ?? 'no name');
    return typeof name === 'string' ? [`${type} ${name}`] : [];
  });
const textOf = (plan: PlanJson): string =>
  JSON.stringify([...managed(plan).map(({ change }) => change.after), plan.output_changes]);

/** A service's name among AWS's endpoints, where it isn't the first word of the resource's type. */
const services: Readonly<Record<string, string>> = {
  alb: 'elasticloadbalancing',
  lb: 'elasticloadbalancing',
  appautoscaling: 'application-autoscaling',
  prometheus: 'aps',
  cloudwatch: 'monitoring',
  cognito: 'cognito-idp',
  default: 'ec2',
  eip: 'ec2',
  flow: 'ec2',
  internet: 'ec2',
  nat: 'ec2',
  network: 'ec2',
  route: 'ec2',
  route53: 'route53',
  security: 'ec2',
  subnet: 'ec2',
  vpc: 'ec2',
};
const serviceOf = (type: string): string => {
  const [, word = ''] = type.split('_');
  if (/^aws_cloudwatch_(log|query)/.test(type)) return 'logs';
  if (type.startsWith('aws_cloudwatch_event')) return 'events';
  return services[word] ?? word;
};

interface Partitions {
  readonly partitions: readonly {
    readonly partition: string;
    readonly services: Readonly<Record<string, unknown>>;
  }[];
}

/** Services of a plan that a partition lacks, by the endpoints that AWS publishes with its SDK for Python. */
function lacking(plan: PlanJson, partition: string, endpoints: Partitions): readonly string[] {
  const there = endpoints.partitions.find((one) => one.partition === partition)?.services ?? {};
  return used(plan).filter((service) => !(service in there) && !unlisted(plan, endpoints).includes(service));
}

const used = (plan: PlanJson): readonly string[] =>
  [...new Set(managed(plan).map(({ type }) => serviceOf(type)))].sort();

/** Services that the file has in no partition: it can't say where they are. */
const unlisted = (plan: PlanJson, { partitions }: Partitions): readonly string[] =>
  used(plan).filter((service) => partitions.every(({ services: there }) => !(service in there)));

/** What no environment asks for, at once: no recorded plan shows what comes of it. */
const everyOption = {
  allowed_regions: ['eu-west-1', 'eu-north-1'],
  domain_name: 'movies.dev.example.com',
  certificate_arn: 'arn:aws:acm:eu-west-1:123456789012:certificate/1',
  client_ca: { bucket: 'ca', key: 'ca.pem', object_version: '1', revocations: { 'crl.pem': '7' } },
  egress: 'none',
  issuer_network: { cidrs: ['10.8.0.0/24'], transit_gateway_id: 'tgw-0123456789abcdef0' },
  oidc: {
    issuer: 'https://login.example',
    audience: ['a', 'b'],
    jwks_uri: 'https://login.example/keys',
    swagger_client_id: 'page',
  },
  replicate: true,
  replica_region: 'eu-north-1',
  backup: {
    schedule: 'cron(0 3 * * ? *)',
    retention_days: 35,
    copy_to: 'arn:aws:backup:eu-west-1:210987654321:backup-vault:copies',
  },
  capacity: { fargate_base: 2, fargate_weight: 0, spot_weight: 1 },
  scaling: {
    min_tasks: 2,
    max_tasks: 4,
    requests_per_target: 20_000,
    schedules: { evening: { schedule: 'cron(0 18 * * ? *)', min_tasks: 3, max_tasks: 20 } },
  },
  subscriptions: { page: [{ protocol: 'https', endpoint: 'https://pager.example' }] },
  collector_image: `210987654321.dkr.ecr.eu-west-1.amazonaws.com/collector@sha256:${'1'.repeat(64)}`,
  waf: {
    rate_limit: 2_000,
    write_rate_limit: 500,
    allowed_countries: ['IE'],
    allowed_cidrs: ['203.0.113.0/24'],
  },
  experiments: false,
};
const table = 'module.movies_table.aws_dynamodb_table.main["original"]';
const comesOfIt: Readonly<Record<string, object>> = {
  'module.alb.aws_lb_listener.this["https"]': { certificate_arn: everyOption.certificate_arn },
  'module.alb.aws_lb.this[0]': { connection_logs: [{ enabled: true }] },
  'aws_lb_trust_store_revocation.clients["crl.pem"]': { revocations_s3_object_version: '7' },
  'aws_route.issuer["2 10.8.0.0/24"]': { destination_cidr_block: '10.8.0.0/24' },
  'aws_vpc_security_group_egress_rule.service_to_issuer["10.8.0.0/24"]': {
    cidr_ipv4: '10.8.0.0/24',
    to_port: 443,
  },
  'aws_kms_replica_key.table["eu-north-1"]': {
    deletion_window_in_days: 30,
    policy: expect.stringContaining('UseThroughService'),
  },
  [table]: {
    stream_view_type: 'NEW_AND_OLD_IMAGES',
    replica: [{ point_in_time_recovery: true, propagate_tags: true }],
  },
  'module.movies_table.aws_backup_plan.main["main"]': {
    rule: [{ copy_action: [{ lifecycle: [{ delete_after: 35 }] }] }],
  },
  'module.service.aws_ecs_service.this[0]': {
    capacity_provider_strategy: [
      { base: 0, capacity_provider: 'FARGATE_SPOT', weight: 1 },
      { base: 2, capacity_provider: 'FARGATE', weight: 0 },
    ],
  },
  'module.service.aws_appautoscaling_scheduled_action.this["evening"]': {
    scalable_target_action: [{ min_capacity: '3', max_capacity: '20' }],
  },
  'module.observability.aws_cloudwatch_metric_alarm.symptom["scaling-at-maximum"]': { threshold: 20 },
  'module.observability.aws_sns_topic_subscription.main["page https https://pager.example"]': {
    endpoint: 'https://pager.example',
  },
};

describeWith(
  [
    terraform,
    awsProvider,
    registryModules,
    program('python3', 'install Python 3.10 or newer'),
    built('python/moto'),
  ],
  'dev, planned in two regions, in GovCloud, and with every option',
  () => {
    let emulator: Emulator;
    let folder: string;
    let plans: Regions;

    beforeAll(async () => {
      emulator = await startEmulator(0);
      folder = await mkdtemp(join(tmpdir(), 'regions-'));
      const { service: cwd } = await prepareScratch(project, folder);
      await writeFile(join(cwd, 'backend_override.tf'), 'terraform {\n  backend "local" {}\n}\n');
      await writeFile(join(cwd, 'govcloud.tfvars'), 'monthly_budget_usd = null\n');
      const planIn = async (region: string, partition = 'aws', options: object = {}): Promise<PlanJson> => {
        const { env, stop } = await terraformEnvironment({
          env: emulatedAws(process.env, emulator.url, region),
        });
        const run = (...args: readonly string[]): Promise<string> => output('terraform', args, { cwd, env });
        try {
          await run('init', '-input=false', '-lockfile=readonly');
          await run('workspace', 'select', '-or-create', 'dev');
          const variables: Readonly<Record<string, string>> = {
            ...planVariables.dev,
            permissions_boundary_arn: `arn:${partition}:iam::123456789012:policy/pipeline/movies-api-dev-workload`,
            ...planRelease,
            image: planRelease.image.replace('eu-west-1', region),
            region,
            allowed_regions: JSON.stringify([region]),
            ...Object.fromEntries(
              Object.entries(options).map(([name, value]) => [
                name,
                typeof value === 'string' ? value : JSON.stringify(value),
              ]),
            ),
          };
          const given = Object.entries(variables).flatMap(([name, value]) => ['-var', `${name}=${value}`]);
          const file = join(folder, `${region}.tfplan`);
          const files = ['environments/dev.tfvars', ...(partition === 'aws' ? [] : ['govcloud.tfvars'])];
          const values = files.map((name) => `-var-file=${name}`);
          await run('plan', '-input=false', `-out=${file}`, ...values, ...given);
          return JSON.parse(await run('show', '-json', file)) as PlanJson;
        } finally {
          await stop();
        }
      };
      plans = {
        'eu-west-1': await planIn('eu-west-1'),
        'us-west-2': await planIn('us-west-2'),
        'us-gov-west-1': await planIn('us-gov-west-1', 'aws-us-gov'),
        'every option': await planIn('eu-west-1', 'aws', everyOption),
      };
    }, 600_000);

    afterAll(async () => {
      await emulator.stop();
      await rm(folder, { recursive: true });
    });

    test('each is planned whole, GovCloud without the budget alone', () => {
      const addresses = (region: keyof Regions): readonly string[] =>
        managed(plans[region]).map(({ address }) => address);
      const [home, west, gov] = (['eu-west-1', 'us-west-2', 'us-gov-west-1'] as const).map(addresses);

      expect(home?.length).toBeGreaterThan(150);
      // Alarms of a zone are called like the zone.
      const anyZone = (all: readonly string[] = []) =>
        all.map((one) => one.replaceAll(/[a-z-]+-\d[a-d]/g, 'zone')).sort();
      expect(anyZone(west)).toEqual(anyZone(home));
      expect(anyZone(home).filter((one) => !anyZone(gov).includes(one))).toEqual([
        'module.observability.aws_budgets_budget.main["month"]',
      ]);
    });

    test.each(['us-west-2', 'us-gov-west-1'] as const)('%s holds no name of another region', (region) => {
      const named = textOf(plans[region]).match(/\b(eu-west-1\w?|euw1)\b/g) ?? [];

      expect(named).toEqual([]);
      expect(textOf(plans['eu-west-1'])).toMatch(/\beuw1\b/);
    });

    test('GovCloud holds no ARN of another partition, and no principal of a service that it lacks', () => {
      const text = textOf(plans['us-gov-west-1']);

      expect(text.match(/arn:aws:[^"\\]*/g) ?? []).toEqual([]);
      expect(text).not.toContain('budgets.amazonaws.com');
      expect(text).toContain('arn:aws-us-gov:');
    });

    test('two regions of an account share no name that is global, and none is given twice', () => {
      const [home, west] = [globals(plans['eu-west-1']), globals(plans['us-west-2'])];

      expect(home.length).toBeGreaterThan(5);
      expect(home.filter((name) => west.includes(name))).toEqual([]);
      expect(new Set(home).size).toBe(home.length);
    });

    test.each(Object.entries(comesOfIt))(
      'with every option, %s is what was asked for',
      (address, attributes) => {
        const found = managed(plans['every option']).find((one) => one.address === address);

        expect(found?.change.after).toMatchObject(attributes);
      },
    );

    test('with a certificate and an issuer of their own, none is made', () => {
      const types = managed(plans['every option']).map(({ type }) => type);

      expect(types.filter((type) => /^aws_(acm|cognito|route53)_|nat_gateway/.test(type))).toEqual([]);
    });

    test('with every option, the task trusts its issuer by its own keys, and takes the collector from where it was told', () => {
      const [api, collector] = valueOf(
        plans['every option'].output_changes?.['container_definitions'],
        'after',
      ) as {
        image: string;
        environment: { name: string; value: string }[];
      }[];

      expect(
        Object.fromEntries(api?.environment.map(({ name, value }) => [name, value]) ?? []),
      ).toMatchObject({
        OIDC_ISSUER: 'https://login.example',
        OIDC_AUDIENCE: 'a,b',
        OIDC_JWKS_URI: 'https://login.example/keys',
        OIDC_SWAGGER_CLIENT_ID: 'page',
      });
      expect(collector?.image).toBe(everyOption.collector_image);
    });

    test('what a partition lacks is exactly what the variables refuse', () => {
      const models = join(project, '.cache/python/moto/lib');
      const endpoints = JSON.parse(
        readFileSync(
          join(
            models,
            readdirSync(models).find((name) => name.startsWith('python3')) ?? '',
            'site-packages/botocore/data/endpoints.json',
          ),
          'utf8',
        ),
      ) as Partitions;
      const home = plans['eu-west-1'];

      // https://docs.aws.amazon.com/general/latest/gr/fis.html has its endpoints; `experiments = false` goes without it.
      expect(unlisted(home, endpoints)).toEqual(['fis']);
      expect(lacking(home, 'aws', endpoints)).toEqual([]);
      expect(lacking(home, 'aws-us-gov', endpoints)).toEqual(['budgets']);
      expect(lacking(home, 'aws-cn', endpoints)).toEqual(['aps', 'cognito-idp']);
    });
  },
);
