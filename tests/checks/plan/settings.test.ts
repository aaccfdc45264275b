import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from '@cdktn/hcl2json';
import { environments, planVariables, type Environment } from '../../../tools/checks/plans/inputs.ts';

/** What a plan from nothing doesn't show, read from the HCL itself; and the values of each environment. */

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
const isObject = (value: Json | undefined): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const sources = ['terraform', 'modules'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.tf') && !path.includes('.terraform/'))
    .map((path) => join(folder, path)),
);
const read = async (path: string, text = readFileSync(path, 'utf8')): Promise<Json> =>
  (await parse(path, text)) as Json;

/** Every value under a key of this name, however deep, with where it is. */
function under(value: Json, name: string, at = ''): readonly (readonly [string, Json])[] {
  if (Array.isArray(value)) return value.flatMap((one: Json, index) => under(one, name, `${at}[${index}]`));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    ...(key === name ? ([[at, inner]] as const) : []),
    ...under(inner, name, `${at}.${key}`),
  ]);
}
const everywhere = async (name: string): Promise<readonly (readonly [string, Json])[]> =>
  (await Promise.all(sources.map(async (path) => under(await read(path), name, path)))).flat();

/** What no plan from nothing shows: what a change of a resource does, and what is made before what. None is there by accident. */
const rules = {
  // The old one serves until the new one is there.
  'terraform/edge.tf aws_acm_certificate.main lifecycle': 'create_before_destroy:true',
  'terraform/task.tf aws_ecs_task_definition.main lifecycle': 'create_before_destroy:true',
  // What `make maintenance` changes, and the drift check tells apart: the only change that an apply ignores.
  'modules/web-acl/maintenance.tf aws_wafv2_ip_set.maintenance lifecycle': 'ignore_changes:addresses',
  // Refused at plan; not to be confused with how long a backup lives.
  'modules/movies-table/main.tf aws_dynamodb_table.main lifecycle':
    'precondition:condition:!contains(keys(var.replica_regions), data.aws_region.current.name),',
  'terraform/locals.tf aws_availability_zones.all lifecycle':
    'postcondition:condition:length(self.names) >= 3,',
  'modules/movies-table/backup.tf aws_backup_plan.main.rule lifecycle':
    'delete_after:each.value.retention_days',
  'modules/movies-table/backup.tf aws_backup_plan.main.rule.dynamic.copy_action.content lifecycle':
    'delete_after:each.value.retention_days',
  // A table keeps its data under another address, and a restored one is taken over.
  'modules/movies-table/main.tf moved': 'from:aws_dynamodb_table.main,to:aws_dynamodb_table.main\\original\\',
  'terraform/data.tf import':
    'for_each:var.tables.restored,id:each.key,to:module.movies_table.aws_dynamodb_table.maineach.key',
  // Made too early, the first one fails or is made by AWS with settings of its own.
  'modules/observability/objectives.tf aws_cloudwatch_metric_alarm.window depends_on':
    'aws_cloudwatch_log_metric_filter.objective',
  'terraform/bootstrap/state.tf aws_s3_bucket_lifecycle_configuration.state depends_on':
    'aws_s3_bucket_versioning.state',
  'terraform/bootstrap/state.tf aws_s3_bucket_policy.state depends_on':
    'aws_s3_bucket_public_access_block.state',
  'terraform/outputs.tf cursor_key_stage depends_on': 'module.service',
  'terraform/service.tf cluster depends_on': 'aws_cloudwatch_log_group.container_insights',
  'terraform/service.tf service depends_on': 'module.alb',
  'terraform/task.tf aws_ecs_task_definition.main depends_on': 'aws_iam_role_policy.task,module.endpoints',
};

describe('what no plan shows', () => {
  test('each policy of the autoscaler has its own metric and target, and the pauses of the module', async () => {
    const [policies] = under(await read('terraform/service.tf'), 'autoscaling_policies').map(
      ([, value]) => value,
    );
    const found = under(policies ?? null, 'target_tracking_scaling_policy_configuration').map(
      ([where, value]) => [
        where,
        under(value, 'predefined_metric_type')[0]?.[1],
        under(value, 'target_value')[0]?.[1],
        // No cooldown, and nothing that keeps it from scaling in.
        isObject(value) ? Object.keys(value).sort().join(' ') : '',
      ],
    );
    const settings = 'predefined_metric_specification target_value';

    expect(found).toEqual([
      ['.cpu', 'ECSServiceAverageCPUUtilization', '${var.scaling.cpu_percent}', settings],
      ['.requests', 'ALBRequestCountPerTarget', '${var.scaling.requests_per_target}', settings],
    ]);
  });

  test('each rule of a life cycle, each wait for another resource, each move and each provider is one that was meant', async () => {
    const found = await Promise.all(
      ['lifecycle', 'depends_on', 'moved', 'import', 'removed', 'provisioner'].map(async (name) =>
        (await everywhere(name)).map(([where, value]) => [
          `${where.replace(/\.(resource|data|module|output)\./, ' ').replaceAll(/\[0\]/g, '')} ${name}`,
          JSON.stringify(value).replaceAll(/[[\]{}"$]|"?error_message":"[^"]*",?/g, ''),
        ]),
      ),
    );

    expect(Object.fromEntries(found.flat().toSorted())).toEqual(rules);
  });

  test('default tags are made of variables alone: a tag that only the apply knows is lost from the plan, and the apply stops', async () => {
    const tags = (await everywhere('default_tags')).flatMap(([, block]) => under(block, 'tags'));
    const references = tags.flatMap(([, value]) => [...JSON.stringify(value).matchAll(/\$\{([^}]*)\}/g)]);

    expect(tags).toHaveLength(3);
    expect(references.length).toBeGreaterThan(15);
    expect(references.map(([, name]) => name).filter((name) => !/^var\.\w+$/.test(name ?? ''))).toEqual([]);
  });

  test('the state is encrypted, and locked while somebody applies', async () => {
    const backends = under(await read('terraform/terraform.tf'), 's3');

    expect(backends.map(([, settings]) => settings)).toEqual([
      [{ key: 'movies-api/terraform.tfstate', encrypt: true, use_lockfile: true }],
    ]);
  });

  test('Terraform, the provider and registry modules have the versions that were tried', async () => {
    const modules = (await everywhere('version'))
      .filter(([where]) => /\.module\.|\.required_providers\[/.test(where))
      .map(([where, version]) =>
        where.includes('.module.')
          ? `${where.split('.module.')[1]?.split('[')[0]} ${JSON.stringify(version)}`
          : JSON.stringify(version),
      );

    expect(new Set((await everywhere('required_version')).map(([, version]) => version))).toEqual(
      new Set(['>= 1.11']),
    );
    expect([...new Set(modules)].toSorted()).toEqual([
      '"5.100.0"',
      '"~> 5.100"',
      'alb "9.17.0"',
      'api_container "5.12.1"',
      'cluster "5.12.1"',
      'collector_container "5.12.1"',
      'endpoints "5.21.0"',
      'service "5.12.1"',
      'vpc "5.21.0"',
    ]);
  });

  test('each variable says its type: what it may be is no accident', async () => {
    const variables = (await everywhere('variable')).flatMap(([where, value]) =>
      Object.entries(isObject(value) ? value : {}).map(([name, of]) => ({ where, name, of })),
    );
    const typeless = variables.filter(({ of }) => under(of, 'type').length === 0);

    expect(variables.length).toBeGreaterThan(80);
    expect(typeless.map(({ where, name }) => `${where} ${name}`)).toEqual([]);
  });

  test('no region is written but as the default of a variable', () => {
    const region =
      /\b(?:af|ap|ca|cn|eu|il|me|mx|sa|us(?:-gov)?)-(?:north|south|east|west|central)(?:east|west)?-\d\b/;
    const written = sources
      .filter((path) => !path.endsWith('variables.tf'))
      .flatMap((path) =>
        readFileSync(path, 'utf8')
          .split('\n')
          .map((line) => `${path}: ${line}`),
      )
      .filter((line) => region.test(line.replace(/#.*/, '')));

    expect(written).toEqual([]);
    expect(region.test('region = "us-gov-west-1"')).toBe(true);
  });

  test('a resource is named by its arn, and by no other ARN of it, which a plan would take and an apply refuse', () => {
    const others = sources.flatMap((path) =>
      (readFileSync(path, 'utf8').match(/\baws_\w+\.\w+(\[[^\]]*\])?\.\w+_arn\b/g) ?? []).map(
        (one) => `${path}: ${one}`,
      ),
    );

    expect(others).toEqual([]);
  });

  test('both providers stay in the account, and differ in their region alone', async () => {
    const [[, providers] = []] = under(await read('terraform/providers.tf'), 'aws');
    const alike = (Array.isArray(providers) ? providers : []).map((one: Json) =>
      isObject(one) ? { ...one, alias: '', region: '' } : one,
    );

    expect(alike).toHaveLength(2);
    expect(alike[0]).toEqual(alike[1]);
    expect(alike[0]).toHaveProperty('allowed_account_ids');
  });

  test('where a CA is named, clients are verified by it: a plan shows nothing of it', async () => {
    const [[, listeners] = []] = under(await read('terraform/edge.tf'), 'listeners');

    expect(listeners).toMatch(
      /for mode in var\.client_ca == null \? \[\] : \["verify"\] : "mutual_authentication" => \{/,
    );
  });

  test('a route to the issuer waits for the attachment that it goes by', async () => {
    expect(JSON.stringify(under(await read('terraform/network.tf'), 'aws_route'))).toContain(
      'aws_ec2_transit_gateway_vpc_attachment.issuer[',
    );
  });

  test('the containers that an output tells are those of the task, whose JSON no plan shows', async () => {
    const [[, told] = []] = under(await read('terraform/outputs.tf'), 'container_definitions').flatMap(
      ([, one]) => under(one, 'value'),
    );
    const [[, run] = []] = under(await read('terraform/task.tf'), 'container_definitions');
    const flat = (value: Json = null): string =>
      (typeof value === 'string' ? value : JSON.stringify(value))
        .replaceAll(/"\$\{|\}"|\s/g, '')
        .replace(/,\]/, ']');

    expect(flat(told)).toContain('module.collector_container.container_definition');
    expect(flat(run)).toBe(`\${jsonencode(${flat(told)})}`);
  });
});

/** What is wrong with a value, by its name and what it may be. */
type Rule = (value: Json, name: string) => readonly string[];
const unless = (isRight: boolean, name: string, value: Json, may: string): readonly string[] =>
  isRight ? [] : [`${name} may not be ${JSON.stringify(value)}, but ${may}`];
const is =
  (...values: readonly Json[]): Rule =>
  (value, name) => {
    const told = values.map((one) => JSON.stringify(one));
    return unless(told.includes(JSON.stringify(value)), name, value, told.join(' or '));
  };
const between =
  (least: number, most: number): Rule =>
  (value, name) =>
    unless(typeof value === 'number' && value >= least && value <= most, name, value, `${least} to ${most}`);
/** An object with these keys and no others. */
const of =
  (rules: Readonly<Record<string, Rule>>): Rule =>
  (value, name) => {
    const keys = Object.keys(rules).sort().join();
    if (!isObject(value) || Object.keys(value).sort().join() !== keys)
      return unless(false, name, value, `an object of ${keys}`);
    return Object.entries(rules).flatMap(([key, rule]) => rule(value[key] ?? null, `${name}.${key}`));
  };

const everywhereAlike = { owner: is('movies-team'), architecture: is('X86_64') };
/** Every variable that an environment sets, and what it may be. A variable without a rule is refused. */
const allowed: Readonly<Record<Environment, Readonly<Record<string, Rule>>>> = {
  dev: {
    ...everywhereAlike,
    environment: is('dev'),
    cost_centre: is('movies-development'),
    egress: is('single_nat'),
    endpoint_zones: between(1, 3),
    waf: of({ rate_limit: between(500, 5_000), write_rate_limit: between(100, 1_000) }),
    task_size: is({ cpu: 256, memory: 512 }),
    capacity: of({ fargate_base: between(0, 2), fargate_weight: between(0, 1), spot_weight: between(1, 1) }),
    scaling: of({
      min_tasks: between(2, 3),
      max_tasks: between(2, 6),
      requests_per_target: between(10_000, 35_000),
    }),
    log_level: is('debug', 'info'),
    log_retention_days: is(30),
    monthly_budget_usd: between(165, 300),
    trace_sample_rate: between(0.05, 1),
  },
  staging: {
    ...everywhereAlike,
    environment: is('staging'),
    cost_centre: is('movies-development'),
    egress: is('single_nat'),
    waf: of({ rate_limit: between(500, 5_000), write_rate_limit: between(100, 500) }),
    task_size: is({ cpu: 512, memory: 1024 }),
    capacity: of({ fargate_base: between(1, 2), fargate_weight: between(1, 1), spot_weight: between(0, 3) }),
    scaling: of({
      min_tasks: between(2, 3),
      max_tasks: between(4, 8),
      requests_per_target: between(20_000, 70_000),
    }),
    log_retention_days: is(90),
    monthly_budget_usd: between(200, 400),
  },
  prod: {
    ...everywhereAlike,
    environment: is('prod'),
    cost_centre: is('movies-production'),
    egress: is('nat_per_zone'),
    allowed_cidrs: is(['0.0.0.0/0']),
    waf: of({ rate_limit: between(500, 5_000), write_rate_limit: between(100, 500) }),
    backup: of({
      schedule: is('cron(0 3 * * ? *)'),
      retention_days: between(35, 365),
      vault_lock: of({
        min_retention_days: between(7, 35),
        max_retention_days: between(35, 365),
        changeable_for_days: is(3),
      }),
    }),
    task_size: is({ cpu: 512, memory: 1024 }),
    capacity: of({ fargate_base: between(3, 6), fargate_weight: between(1, 1), spot_weight: between(0, 1) }),
    scaling: of({
      min_tasks: between(3, 6),
      max_tasks: between(9, 24),
      requests_per_target: between(20_000, 70_000),
    }),
    outside_probe: of({ movie: is('1994/Pulp Fiction') }),
    log_retention_days: is(400, 731),
    monthly_budget_usd: between(450, 1_000),
  },
};

const valuesOf = async (environment: Environment, more = ''): Promise<{ readonly [name: string]: Json }> => {
  const path = `terraform/environments/${environment}.tfvars`;
  const values = await read(path, readFileSync(path, 'utf8') + more);
  return isObject(values) ? values : {};
};
const outside = (values: { readonly [name: string]: Json }, environment: Environment): readonly string[] =>
  Object.entries(values).flatMap(([name, value]) => {
    const rule = allowed[environment][name];
    if (rule === undefined)
      return [`${name} is new in ${environment}.tfvars: say in this test what it may be`];
    return rule(value, name).map((fault) => `${fault}, in ${environment}.tfvars`);
  });

describe.each(environments)('the values of %s', (environment) => {
  test('are each what they may be', async () => {
    const values = await valuesOf(environment);

    expect(outside(values, environment)).toEqual([]);
    expect(Object.keys(allowed[environment]).filter((name) => !(name in values))).toEqual([]);
  });

  test('are not hidden from the plan by a value on its command line', async () => {
    const values = await valuesOf(environment);

    const hidden = Object.keys(planVariables[environment]).filter((name) => name in values);
    expect(
      hidden.map((name) => `${name} of ${environment}.tfvars is never planned: take it out of planVariables`),
    ).toEqual([]);
  });
});

test('a value of another environment, a new one and one that is ten times too much would be named', async () => {
  const staging = await valuesOf('staging', '\nallowed_cidrs = ["0.0.0.0/0"]\n');

  expect(
    outside({ ...staging, monthly_budget_usd: 2_500, log_retention_days: 30 }, 'staging').toSorted(),
  ).toEqual([
    'allowed_cidrs is new in staging.tfvars: say in this test what it may be',
    'log_retention_days may not be 30, but 90, in staging.tfvars',
    'monthly_budget_usd may not be 2500, but 200 to 400, in staging.tfvars',
  ]);
});
