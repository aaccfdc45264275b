import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../../../app/src/commands/problem.ts';
import { terraformEnvironment } from '../../lib/terraform/environment.ts';
import type { Change } from '../../lib/terraform/plan-json.ts';
import { prepareScratch } from '../../lib/terraform/emulated.ts';
import { digestInputs, planRelease, planVariables } from '../plans/inputs.ts';

export interface Statement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: unknown;
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}
export interface Document {
  readonly Version: string;
  readonly Statement: readonly Statement[];
}
export interface Role {
  readonly arn: string;
  readonly identity: readonly Document[];
  readonly boundary: Document | null;
  readonly trust: Document;
  readonly maxSessionSeconds: number;
}
/** Every document of both roots with all values resolved, as an account would hold them. */
export interface Documents {
  readonly account: string;
  readonly region: string;
  readonly project: string;
  readonly roles: Readonly<Record<string, Role>>;
  readonly keys: Readonly<Record<string, { readonly arn: string; readonly policy: Document }>>;
  readonly buckets: Documents['keys'];
  readonly topics: Documents['keys'];
  /** By log group: what AWS services may write there. */
  readonly logs: Documents['keys'];
}

export type Settings = Omit<typeof bitbucket, 'environments'> & {
  readonly environments: Readonly<Record<string, (typeof bitbucket.environments)['dev']>>;
};

/** What the documents are made for: fixed, so that requests can name it. */
export const account = '111122223333';
export const region = 'eu-west-1';
export const environments = ['dev', 'staging', 'prod'] as const;
const uuid = (digit: number): string => `${digit}0000000-0000-4000-8000-000000000000`;
export const bitbucket = {
  workspace: 'movies',
  workspace_uuid: uuid(1),
  repository_uuid: uuid(2),
  build_uuid: uuid(3),
  environments: {
    dev: { plan_uuid: uuid(4), apply_uuid: uuid(5), vpc_id: 'vpc-0ccc0000000000000' },
    staging: {
      plan_uuid: uuid(6),
      apply_uuid: uuid(7),
      vpc_id: 'vpc-0aaa0000000000000',
      zone: { id: 'Z0123456789EXAMPLE01', domain_name: 'movies.staging.example.com' },
      client_ca_bucket: 'bank-client-cas',
      transit_gateway_id: 'tgw-0aaa0000000000000',
      backup_copy_to: 'arn:aws:backup:eu-central-1:444455556666:backup-vault:bank-copies',
    },
    prod: {
      plan_uuid: uuid(8),
      apply_uuid: uuid(9),
      vpc_id: 'vpc-0bbb0000000000000',
      zone: { id: 'Z0123456789EXAMPLE02', domain_name: 'movies.example.com' },
    },
  },
};

type Values = Readonly<Record<string, unknown>>;
export interface Resource {
  readonly address: string;
  readonly mode: string;
  readonly type: string;
  readonly values: Values;
}
type Planned = Omit<Resource, 'mode' | 'values'> & {
  readonly mode: 'managed' | 'data';
  readonly name: string;
  readonly change: Change & { readonly after: Values; readonly after_unknown: Values };
};
interface StateModule {
  readonly resources?: readonly Resource[];
  readonly child_modules?: readonly StateModule[];
}
/** A line of `terraform test -json`, as far as it is read here: https://developer.hashicorp.com/terraform/internals/machine-readable-ui */
interface Line {
  readonly type: string;
  readonly '@message': string;
  readonly '@level': string;
  readonly test_plan?: { readonly resource_changes: readonly Planned[] };
  readonly test_state?: { readonly root_module: StateModule };
}

const text = (values: Values, name: string): string => {
  const value = values[name];
  return typeof value === 'string' ? value : '';
};
/** ARNs that AWS would answer with, so that what names a resource is resolved. Keys are called by where they stand. */
export const arns: Readonly<
  Record<string, (values: Values, address: string, environment: string) => string>
> = {
  aws_s3_bucket: (values) => `arn:aws:s3:::${text(values, 'bucket')}`,
  aws_ecr_repository: (values) => `arn:aws:ecr:${region}:${account}:repository/${text(values, 'name')}`,
  aws_kms_key: (_, address, environment) =>
    `arn:aws:kms:${region}:${account}:key/${environment === '' ? (/\["(.*)"\]/.exec(address)?.[1] ?? '') : `${environment}-${/aws_kms_key\.(\w+)/.exec(address)?.[1] ?? ''}`}`,
  aws_ecs_cluster: (values) => `arn:aws:ecs:${region}:${account}:cluster/${text(values, 'name')}`,
  aws_kms_alias: (values) => `arn:aws:kms:${region}:${account}:${text(values, 'name')}`,
  aws_iam_policy: (values) => `arn:aws:iam::${account}:policy${text(values, 'path')}${text(values, 'name')}`,
  aws_iam_role: (values) => `arn:aws:iam::${account}:role${text(values, 'path')}${text(values, 'name')}`,
  aws_iam_openid_connect_provider: (values) =>
    `arn:aws:iam::${account}:oidc-provider/${text(values, 'url').replace('https://', '')}`,
  aws_dynamodb_table: (values) => `arn:aws:dynamodb:${region}:${account}:table/${text(values, 'name')}`,
  aws_cloudwatch_log_group: (values) => `arn:aws:logs:${region}:${account}:log-group:${text(values, 'name')}`,
  aws_secretsmanager_secret: (values) =>
    `arn:aws:secretsmanager:${region}:${account}:secret:${text(values, 'name')}-AbCdEf`,
  aws_sns_topic: (values) => `arn:aws:sns:${region}:${account}:${text(values, 'name')}`,
  aws_cloudwatch_event_rule: (values) => `arn:aws:events:${region}:${account}:rule/${text(values, 'name')}`,
  aws_backup_vault: (values) => `arn:aws:backup:${region}:${account}:backup-vault:${text(values, 'name')}`,
  aws_vpc: (_, __, environment) => `arn:aws:ec2:${region}:${account}:vpc/vpc-${environment}`,
  aws_subnet: (_, address, environment) =>
    `arn:aws:ec2:${region}:${account}:subnet/subnet-${environment}-${address.replaceAll(/\W/g, '')}`,
  aws_wafv2_ip_set: (values) => `arn:aws:wafv2:${region}:${account}:regional/ipset/${text(values, 'name')}/1`,
  aws_prometheus_workspace: (_, __, environment) =>
    `arn:aws:aps:${region}:${account}:workspace/ws-${environment}`,
};
/** Types of the service root that hold policies: with what these name, all that is applied of it. */
const holdsPolicy =
  /^aws_(iam_\w+|kms_key|sns_topic_policy|s3_bucket_policy|cloudwatch_log_resource_policy)$/;

/**
 * Renders both roots by Terraform and the provider themselves, without an account; each kept by what it is made from.
 *
 * @param trusted what bootstrap is told of the pipeline
 * @param applied environments of the service
 */
export async function renderDocuments(
  project: string,
  trusted: unknown = bitbucket,
  applied: readonly string[] = environments,
): Promise<Documents> {
  const source = join(project, 'terraform', 'bootstrap');
  const files = (await readdir(source)).filter((name) => /\.tf$|\.hcl$/.test(name)).sort();
  const texts = [...files.map((file) => join(source, file)), import.meta.filename].map((name) =>
    readFile(name, 'utf8'),
  );
  const plans = environments.map((environment) => readFile(recordedPlan(project, environment), 'utf8'));
  const parts: readonly (readonly [readonly string[], Render])[] = [
    [
      [JSON.stringify(trusted), ...(await Promise.all(texts))],
      (renderer) => applyBootstrap(renderer, trusted),
    ],
    [[await digestInputs(project), ...(await Promise.all([...plans, ...texts.slice(-1)]))], applyService],
  ];
  const folder = join(project, '.cache', 'roles');
  await mkdir(folder, { recursive: true });
  const resources: (readonly Resource[])[] = [];
  for (const [madeFrom, make] of parts) {
    const digest = createHash('sha256').update(JSON.stringify(madeFrom)).digest('hex');
    const kept = join(folder, `${digest}.json`);
    if (!existsSync(kept)) await writeFile(kept, JSON.stringify(await withTerraform(project, make)));
    resources.push(JSON.parse(await readFile(kept, 'utf8')) as readonly Resource[]);
  }
  const others = environments.filter((one) => !applied.includes(one)).join('|');
  const isOther = ({ values }: Resource): boolean =>
    others !== '' &&
    new RegExp(`(movies-api-|key/)(${others})(-|$)`).test(
      `${text(values, 'arn')} ${text(values, 'role')} ${text(values, 'bucket')} ${text(values, 'policy_name')}`,
    );
  const [ofBootstrap = [], ofService = []] = resources;
  return gather([...ofBootstrap, ...ofService.filter((one) => !isOther(one))]);
}

const recordedPlan = (project: string, environment: string): string =>
  join(project, 'tests', 'checks', 'plan', 'recorded', `${environment}.json`);

/** A copy of both roots, and Terraform to render them. */
interface Renderer {
  readonly project: string;
  readonly bootstrap: string;
  readonly service: string;
  readonly copy: string;
  readonly init: (folder: string) => Promise<void>;
  readonly run: (
    folder: string,
    workspace: string,
    test: string,
    args: readonly string[],
  ) => Promise<readonly Line[]>;
}
type Render<T = readonly Resource[]> = (renderer: Renderer) => Promise<T>;

async function withTerraform<T>(project: string, render: Render<T>): Promise<T> {
  const copy = await mkdtemp(join(tmpdir(), 'roles-'));
  const { env, stop } = await terraformEnvironment();
  const terraform = (folder: string, workspace: string, args: readonly string[]): Promise<readonly Line[]> =>
    new Promise((done, fail) => {
      execFile(
        'terraform',
        [`-chdir=${folder}`, ...args],
        { env: { ...env, TF_WORKSPACE: workspace }, maxBuffer: 2 ** 28 },
        (error, stdout, stderr) => {
          const lines = args[0] === 'test' ? parse(stdout) : [];
          const wrong = lines.find((line) => line['@level'] === 'error')?.['@message'] ?? stderr;
          if (error === null) done(lines);
          else
            fail(
              new Problem(
                `The roles can't be rendered: ${wrong.trim()}`,
                'Run `terraform validate` in terraform/bootstrap and terraform, and `npm run plans -- check`.',
              ),
            );
        },
      );
    });
  const init = async (folder: string): Promise<void> => {
    await rm(join(folder, 'tests'), { recursive: true, force: true });
    await mkdir(join(folder, 'tests'));
    await terraform(folder, 'default', ['init', '-backend=false', '-lockfile=readonly', '-input=false']);
  };
  const run: Renderer['run'] = async (folder, workspace, test, args) => {
    await writeFile(join(folder, 'tests', 'render.tftest.hcl'), test);
    return terraform(folder, workspace, ['test', '-json', '-verbose', ...args]);
  };
  try {
    return await render({ project, copy, init, run, ...(await prepareScratch(project, copy)) });
  } finally {
    await stop();
    await rm(copy, { recursive: true, force: true });
  }
}

const stateIn = (lines: readonly Line[]): readonly Resource[] =>
  flatten(lines.find(({ type }) => type === 'test_state')?.test_state?.root_module);

/**
 * Applied in memory with each resource given: the provider is asked for nothing but the policy documents, which it writes
 * without an account. Which resources there are, a first plan tells.
 */
async function applyBootstrap(renderer: Renderer, told: unknown): Promise<readonly Resource[]> {
  const { bootstrap, run } = renderer;
  const planned = (await planOfBootstrap(renderer, told))
    .filter(({ mode }) => mode === 'managed')
    .map((resource) => overrideOf(resource, ''));
  return stateIn(
    await run(
      bootstrap,
      'default',
      `${bootstrapTest}${planned.join('')}run "render" {\n  command = apply\n}\n`,
      [trusting(told)],
    ),
  );
}

const trusting = (told: unknown): string => `-var=bitbucket=${JSON.stringify(told)}`;

async function planOfBootstrap(
  { bootstrap, init, run }: Renderer,
  told: unknown = bitbucket,
): Promise<readonly Planned[]> {
  await init(bootstrap);
  const test = `${bootstrapTest}run "render" {\n  command = plan\n}\n`;
  const lines = await run(bootstrap, 'default', test, [trusting(told)]);
  return lines.find(({ type }) => type === 'test_plan')?.test_plan?.resource_changes ?? [];
}

/** What bootstrap plans, with all that it may be told. */
export const planBootstrap = (project: string): Promise<readonly Planned[]> =>
  withTerraform(project, (renderer) => planOfBootstrap(renderer));

/** The same of the service; the recorded plans tell which resources there are. */
async function applyService({ project, copy, service, init, run }: Renderer): Promise<readonly Resource[]> {
  // A test can't give a password that AWS draws; no policy depends on it.
  const secret = join(copy, 'modules', 'rotated-secret', 'main.tf');
  const drawn = await readFile(secret, 'utf8');
  await writeFile(secret, drawn.replace(/^ephemeral [^]*?^\}\n/m, '').replace(/\bephemeral\.\S+/, '"none"'));
  await init(service);
  const services: Resource[] = [];
  for (const environment of environments) {
    const recorded = await readFile(recordedPlan(project, environment), 'utf8');
    const { plan } = JSON.parse(recorded.replaceAll(recordedAccount, account)) as {
      plan: { resource_changes: readonly Planned[] };
    };
    const managed = plan.resource_changes.filter(({ mode }) => mode === 'managed');
    const overrides = managed.map((resource) => overrideOf(resource, environment));
    const targets = managed.filter(({ type }) => holdsPolicy.test(type)).map(({ address }) => address);
    const variables = {
      ...planVariables[environment],
      ...planRelease,
      permissions_boundary_arn: `arn:aws:iam::${account}:policy/pipeline/movies-api-${environment}-workload`,
    };
    const test = `${serviceTest}${overrides.join('')}run "render" {\n  command = apply\n  plan_options {\n    target = [${targets.join(', ')}]\n  }\n}\n`;
    const settings = Object.entries(variables).map(([name, value]) =>
      `-var=${name}=${value}`.replaceAll(recordedAccount, account),
    );
    const lines = await run(service, environment, test, [
      `-var-file=environments/${environment}.tfvars`,
      ...settings,
    ]);
    services.push(...stateIn(lines));
  }
  return services;
}

/** The account that the recorded plans are made in. */
const recordedAccount = '123456789012';

function overrideOf({ address, type, change }: Planned, environment: string): string {
  const { after, after_unknown: unknown } = change;
  const name = nameOf(after);
  const arn = arnOf({ address, type, values: after }, environment);
  const record = 'resource_record_name = "x", resource_record_type = "CNAME", resource_record_value = "x"';
  const values = [
    ...('arn' in unknown ? [`arn = "${arn}"`] : []),
    ...(/^aws_(iam_role|s3_bucket)$/.test(type) ? [`id = "${name}"`] : []),
    ...(type === 'aws_acm_certificate' ? [`domain_validation_options = [{ ${record} }]`] : []),
  ];
  return `override_resource {\n  target = ${address}\n  values = { ${values.join(', ')} }\n}\n`;
}

const nameOf = (values: Values): string => text(values, 'name') || text(values, 'bucket') || 'x';

/** The ARN that a resource has in the documents. */
export const arnOf = ({ address, type, values }: Omit<Resource, 'mode'>, environment: string): string =>
  arns[type]?.(values, address, environment) ??
  `arn:aws:${type.split('_')[1] ?? ''}:${region}:${account}:${type}/${nameOf(values).replaceAll(/[^\w-]/g, '-')}`;

const flatten = (module: StateModule | undefined): readonly Resource[] =>
  module === undefined ? [] : [...(module.resources ?? []), ...(module.child_modules ?? []).flatMap(flatten)];

const parse = (lines: string): readonly Line[] =>
  lines.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Line] : []));

const provider = (alias = ''): string => `provider "aws" {
${alias === '' ? '' : `  alias                       = "${alias}"\n`}  region                      = "${region}"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}
`;
const given = (target: string, values: string): string =>
  `override_data {\n  target = ${target}\n  values = { ${values} }\n}\n`;
const caller = (module = ''): string =>
  given(`${module}data.aws_caller_identity.current`, `account_id = "${account}"`);
const labels = `variables {
  owner       = "movies"
  cost_centre = "1001"
  commit      = "${'0'.repeat(40)}"
}
`;
const bootstrapTest = [provider(), caller(), labels].join('');
const serviceTest = [
  provider(),
  provider('replica'),
  ...[
    '',
    'module.movies_table.',
    'module.observability.',
    'module.service.',
    'module.vpc.',
    'module.web_acl.',
  ].map(caller),
  given('data.aws_availability_zones.all', `names = ["${region}a", "${region}b", "${region}c"]`),
  given('module.endpoints.data.aws_vpc_endpoint_service.this', 'service_name = "com.amazonaws.vpce"'),
  labels,
].join('');

export function gather(resources: readonly Omit<Resource, 'address'>[]): Documents {
  const all = (type: string): readonly Omit<Resource, 'address'>[] =>
    resources.filter((resource) => resource.mode === 'managed' && resource.type === type);
  const document = ({ values }: Pick<Resource, 'values'>, name = 'policy'): Document =>
    JSON.parse(text(values, name)) as Document;
  const byArn = new Map(all('aws_iam_policy').map((policy) => [text(policy.values, 'arn'), policy]));
  const policyOf = (arn: string): Document => {
    const policy = byArn.get(arn);
    if (policy === undefined)
      throw new Problem(`No policy has the ARN ${arn}.`, 'Name it in terraform/bootstrap.');
    return document(policy);
  };
  const project = text(all('aws_ecr_repository')[0]?.values ?? {}, 'name');
  const short = (name: string): string => name.replace(`${project}-`, '').replace(/-(\d{12}.*|euw1)$/, '');
  const rendered = all('aws_iam_role').map(({ values, ...role }): readonly [string, Role] => {
    const name = text(values, 'name');
    const inline = all('aws_iam_role_policy').filter((policy) => policy.values['role'] === name);
    const attached = all('aws_iam_role_policy_attachment').filter((one) => one.values['role'] === name);
    return [
      short(name),
      {
        arn: text(values, 'arn'),
        identity: [
          ...inline.map((one) => document(one)),
          ...attached.map((one) => policyOf(text(one.values, 'policy_arn'))),
        ],
        boundary:
          text(values, 'permissions_boundary') === '' ? null : policyOf(text(values, 'permissions_boundary')),
        trust: document({ values, ...role }, 'assume_role_policy'),
        maxSessionSeconds: Number(values['max_session_duration'] ?? 3600),
      },
    ];
  });
  const held = (
    type: string,
    arnOf: (values: Values) => string,
    nameOf: (arn: string) => string,
    policy = 'policy',
  ): Documents['keys'] =>
    Object.fromEntries(
      all(type).map((one) => {
        const arn = arnOf(one.values);
        return [nameOf(arn), { arn, policy: document(one, policy) }];
      }),
    );
  const known = environments.filter((name) =>
    byArn.has(`arn:aws:iam::${account}:policy/pipeline/${project}-${name}-workload`),
  );
  return {
    account,
    region,
    project,
    roles: {
      ...Object.fromEntries(rendered),
      ...Object.fromEntries(known.map((name) => workload(name, project, policyOf))),
      ...Object.fromEntries(known.map((name) => restorer(name, project, policyOf))),
    },
    keys: held(
      'aws_kms_key',
      (values) => text(values, 'arn'),
      (arn) => arn.replace(/.*\//, ''),
    ),
    buckets: held(
      'aws_s3_bucket_policy',
      (values) => `arn:aws:s3:::${text(values, 'bucket')}`,
      lastName(short),
    ),
    topics: held('aws_sns_topic_policy', (values) => text(values, 'arn'), lastName(short)),
    logs: held(
      'aws_cloudwatch_log_resource_policy',
      (values) =>
        `arn:aws:logs:${region}:${account}:log-group:/${text(values, 'policy_name').replace(/-events$/, '/events')}`,
      (arn) => short(arn.replace(/.*:\//, '').replace('/', '-')),
      'policy_document',
    ),
  };
}

/** What other tools read: roles with their documents, and keys with their policies. */
export const publicForm = ({ account: id, region: home, project, roles, keys }: Documents) => ({
  account: id,
  region: home,
  project,
  roles: Object.fromEntries(
    Object.entries(roles).map(([name, { arn, identity, boundary, trust }]) => [
      name,
      { arn, identity, boundary, trust },
    ]),
  ),
  keys,
});

const lastName =
  (short: (name: string) => string) =>
  (arn: string): string =>
    short(arn.replace(/.*:/, ''));

/** A person with the policy for restores, and nothing else. */
const restorer = (
  environment: string,
  project: string,
  policyOf: (arn: string) => Document,
): readonly [string, Role] => [
  `${environment}-restorer`,
  {
    arn: `arn:aws:iam::${account}:role/on-call`,
    identity: [policyOf(`arn:aws:iam::${account}:policy/pipeline/${project}-${environment}-restorer`)],
    boundary: {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
    },
    trust: { Version: '2012-10-17', Statement: [] },
    maxSessionSeconds: 3600,
  },
];

/** A role that an environment's apply may make: whatever its own policy allows, its boundary is what it can do. */
const workload = (
  environment: string,
  project: string,
  policyOf: (arn: string) => Document,
): readonly [string, Role] => [
  `${environment}-workload`,
  {
    arn: `arn:aws:iam::${account}:role/${project}-${environment}-task`,
    identity: [{ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }],
    boundary: policyOf(`arn:aws:iam::${account}:policy/pipeline/${project}-${environment}-workload`),
    trust: {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' },
      ],
    },
    maxSessionSeconds: 3600,
  },
];
