import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../../../app/src/commands/problem.ts';
import { terraformEnvironment } from '../../lib/terraform/environment.ts';

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
/** Every document of terraform/bootstrap with all values resolved, as an account would hold them. */
export interface Documents {
  readonly account: string;
  readonly region: string;
  readonly project: string;
  readonly roles: Readonly<Record<string, Role>>;
  readonly keys: Readonly<Record<string, { readonly arn: string; readonly policy: Document }>>;
  readonly buckets: Readonly<Record<string, { readonly arn: string; readonly policy: Document }>>;
}

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
interface Resource {
  readonly address: string;
  readonly mode: string;
  readonly type: string;
  readonly index?: string | number;
  readonly values: Values;
}
/** A line of `terraform test -json`, as far as it is read here: https://developer.hashicorp.com/terraform/internals/machine-readable-ui */
interface Line {
  readonly type: string;
  readonly '@message': string;
  readonly '@level': string;
  readonly test_plan?: { readonly resource_changes: readonly (Resource & { change: { after: Values } })[] };
  readonly test_state?: { readonly root_module: { readonly resources: readonly Resource[] } };
}

const text = (values: Values, name: string): string => {
  const value = values[name];
  return typeof value === 'string' ? value : '';
};
/** ARNs that AWS would answer with, so that what names a resource is resolved. */
const arns: Readonly<Record<string, (values: Values, address: string) => string>> = {
  aws_s3_bucket: (values) => `arn:aws:s3:::${text(values, 'bucket')}`,
  aws_ecr_repository: (values) => `arn:aws:ecr:${region}:${account}:repository/${text(values, 'name')}`,
  aws_kms_key: (_, address) =>
    `arn:aws:kms:${region}:${account}:key/${/\["(.*)"\]/.exec(address)?.[1] ?? address}`,
  aws_kms_alias: (values) => `arn:aws:kms:${region}:${account}:${text(values, 'name')}`,
  aws_iam_policy: (values) => `arn:aws:iam::${account}:policy${text(values, 'path')}${text(values, 'name')}`,
  aws_iam_role: (values) => `arn:aws:iam::${account}:role${text(values, 'path')}${text(values, 'name')}`,
  aws_iam_openid_connect_provider: (values) =>
    `arn:aws:iam::${account}:oidc-provider/${text(values, 'url').replace('https://', '')}`,
};

/** Renders `terraform/bootstrap` by Terraform and the provider themselves, without an account; kept by what it is made from. */
export async function renderDocuments(project: string): Promise<Documents> {
  const source = join(project, 'terraform', 'bootstrap');
  const files = (await readdir(source)).filter((name) => /\.tf$|\.hcl$/.test(name)).sort();
  const hash = createHash('sha256').update(JSON.stringify(bitbucket));
  for (const name of [
    join(source, files[0] ?? ''),
    ...files.map((file) => join(source, file)),
    import.meta.filename,
  ])
    hash.update(await readFile(name));
  const kept = join(project, '.cache', 'roles', `${hash.digest('hex')}.json`);
  if (!existsSync(kept)) {
    const resources = await applyInMemory(source, files);
    await mkdir(join(project, '.cache', 'roles'), { recursive: true });
    await writeFile(kept, JSON.stringify(gather(resources), undefined, 1));
  }
  return JSON.parse(await readFile(kept, 'utf8')) as Documents;
}

/**
 * Plans once to learn which resources there are, then applies with each of them given: the provider is asked for nothing but
 * the policy documents, which it writes without an account.
 */
async function applyInMemory(source: string, files: readonly string[]): Promise<readonly Resource[]> {
  const copy = await mkdtemp(join(tmpdir(), 'roles-'));
  const { env, stop } = await terraformEnvironment();
  const terraform = (args: readonly string[]): Promise<readonly Line[]> =>
    new Promise((done, fail) => {
      execFile(
        'terraform',
        [`-chdir=${copy}`, ...args],
        { env, maxBuffer: 2 ** 28 },
        (error, stdout, stderr) => {
          const lines = args[0] === 'test' ? parse(stdout) : [];
          const wrong = lines.find((line) => line['@level'] === 'error')?.['@message'] ?? stderr;
          if (error === null) done(lines);
          else
            fail(
              new Problem(
                `The roles can't be rendered: ${wrong.trim()}`,
                'Run `terraform validate` in terraform/bootstrap.',
              ),
            );
        },
      );
    });
  const run = async (command: 'plan' | 'apply', given: string): Promise<Line | undefined> => {
    await writeFile(
      join(copy, 'tests', 'render.tftest.hcl'),
      `${testFile}${given}\nrun "render" {\n  command = ${command}\n}\n`,
    );
    const lines = await terraform([
      'test',
      '-json',
      '-verbose',
      `-var=bitbucket=${JSON.stringify(bitbucket)}`,
    ]);
    return lines.find(({ type }) => type === (command === 'plan' ? 'test_plan' : 'test_state'));
  };
  try {
    for (const file of files) await cp(join(source, file), join(copy, file));
    await mkdir(join(copy, 'tests'));
    await terraform(['init', '-backend=false', '-lockfile=readonly', '-input=false']);
    const planned = (await run('plan', ''))?.test_plan?.resource_changes ?? [];
    const given = planned
      .filter(({ mode }) => mode === 'managed')
      .map(({ address, type, change }) => {
        const arn = arns[type]?.(change.after, address);
        return `override_resource {\n  target = ${address}\n  values = { ${arn === undefined ? '' : `arn = "${arn}"`} }\n}\n`;
      });
    return (await run('apply', given.join('')))?.test_state?.root_module.resources ?? [];
  } finally {
    await stop();
    await rm(copy, { recursive: true, force: true });
  }
}

const parse = (lines: string): readonly Line[] =>
  lines.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Line] : []));

const testFile = `provider "aws" {
  region                      = "${region}"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}
override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "${account}" }
}
variables {
  owner       = "movies"
  cost_centre = "1001"
  commit      = "${'0'.repeat(40)}"
}
`;

function gather(resources: readonly Resource[]): Documents {
  const all = (type: string): readonly Resource[] =>
    resources.filter((resource) => resource.mode === 'managed' && resource.type === type);
  const document = ({ values }: Resource, name = 'policy'): Document =>
    JSON.parse(text(values, name)) as Document;
  const byArn = new Map(all('aws_iam_policy').map((policy) => [text(policy.values, 'arn'), policy]));
  const policyOf = (arn: string): Document => {
    const policy = byArn.get(arn);
    if (policy === undefined)
      throw new Problem(`No policy has the ARN ${arn}.`, 'Name it in terraform/bootstrap.');
    return document(policy);
  };
  const project = text(all('aws_ecr_repository')[0]?.values ?? {}, 'name');
  const rendered = all('aws_iam_role').map(({ values, ...role }): readonly [string, Role] => {
    const name = text(values, 'name');
    const inline = all('aws_iam_role_policy').filter((policy) => policy.values['role'] === name);
    const attached = all('aws_iam_role_policy_attachment').filter((one) => one.values['role'] === name);
    return [
      name.replace(`${project}-`, ''),
      {
        arn: text(values, 'arn'),
        identity: [
          ...inline.map((one) => document(one)),
          ...attached.map((one) => policyOf(text(one.values, 'policy_arn'))),
        ],
        boundary: policyOf(text(values, 'permissions_boundary')),
        trust: document({ values, ...role }, 'assume_role_policy'),
        maxSessionSeconds: Number(values['max_session_duration']),
      },
    ];
  });
  return {
    account,
    region,
    project,
    roles: {
      ...Object.fromEntries(rendered),
      ...Object.fromEntries(environments.map((name) => workload(name, project, policyOf))),
    },
    keys: Object.fromEntries(
      all('aws_kms_key').map((key) => [
        String(key.index),
        { arn: text(key.values, 'arn'), policy: document(key) },
      ]),
    ),
    buckets: Object.fromEntries(
      all('aws_s3_bucket_policy').map((bucket) => [
        'state',
        { arn: text(all('aws_s3_bucket')[0]?.values ?? {}, 'arn'), policy: document(bucket) },
      ]),
    ),
  };
}

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
