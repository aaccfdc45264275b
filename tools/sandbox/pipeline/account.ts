import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { Problem } from '../../../app/src/commands/problem.ts';
import type { Definition } from '../../lib/pipeline-definition.ts';
import { emulatedAws } from '../../lib/terraform/emulated.ts';
import { createEmulatorHome } from '../deployment/processes.ts';
import { cloneInto } from './clones.ts';
import { runLines } from './shell.ts';

const run = promisify(execFile);
export const region = 'eu-west-1';
/** As the override of the providers, for the backend. */
export const pathStyle = '-backend-config=use_path_style=true';
const workspace = 'local';
const environments = ['dev', 'staging', 'prod'];
const override = 'provider "aws" {\n  s3_use_path_style = true\n}\n';

/** An emulated account in which `make bootstrap` was run for the pipeline. */
export interface PipelineAccount {
  readonly url: string;
  /** Values of `terraform output` of bootstrap. */
  readonly outputs: BootstrapOutputs;
  /** A certificate for prod, which speaks TLS only. */
  readonly certificateArn: string;
}

export interface BootstrapOutputs {
  readonly backend_config: { readonly bucket: string; readonly region: string; readonly kms_key_id: string };
  readonly repository_url: string;
  readonly workload_boundary_arns: Readonly<Record<string, string>>;
  readonly build_role_arn: string;
  readonly plan_role_arns: Readonly<Record<string, string>>;
  readonly apply_role_arns: Readonly<Record<string, string>>;
}

export interface PipelineAccountOptions {
  readonly home: string;
  readonly repository: string;
  readonly definition: Definition;
  readonly ids: Ids;
  /** What the steps begin with. */
  readonly bare: NodeJS.ProcessEnv;
  /** Remembers how to stop what was started. */
  readonly keep: (stop: () => Promise<void>) => void;
  /** Ends what runs, for an interrupt. */
  readonly signal: AbortSignal;
}

/** Starts an emulator and prepares the account as docs/deploy.md says, by the same target. */
export async function openPipelineAccount(options: PipelineAccountOptions): Promise<PipelineAccount> {
  const { home, repository, definition, ids, bare, keep, signal } = options;
  const emulators = createEmulatorHome(join(home, 'account'));
  const emulator = await emulators.start();
  keep(() => emulators.stop(emulator));
  const clone = join(home, 'account', 'bootstrap');
  await cloneInto(clone, repository, definition);
  await overrideProviders(clone);
  const log = join(home, 'account', 'bootstrap.log');
  const env = {
    ...emulatedAws(bare, emulator.url, region),
    CONFIRM: 'yes',
    TF_VAR_owner: 'local',
    TF_VAR_cost_centre: 'none',
    TF_VAR_bitbucket: JSON.stringify(trusted(ids)),
    TF_CLI_ARGS_init: pathStyle,
  };
  const { succeeded } = await runLines(['make bootstrap'], {
    folder: clone,
    env,
    log,
    signal: AbortSignal.any([signal, AbortSignal.timeout(600_000)]),
  });
  if (!succeeded)
    throw new Problem(`The account can't be prepared:\n${await readFile(log, 'utf8')}`, 'docs/testing.md');
  const { stdout } = await run('terraform', ['-chdir=terraform/bootstrap', 'output', '-json'], {
    cwd: clone,
  });
  const values = JSON.parse(stdout) as Record<string, { value: unknown }>;
  const outputs = Object.fromEntries(Object.entries(values).map(([name, { value }]) => [name, value]));
  return {
    url: emulator.url,
    outputs: outputs as unknown as BootstrapOutputs,
    certificateArn: await importCertificate(emulator.url, join(home, 'account')),
  };
}

/** One address for all buckets. Git is told not to see it, so the clone counts as clean. */
export async function overrideProviders(clone: string): Promise<void> {
  for (const root of ['terraform', 'terraform/bootstrap'])
    await writeFile(join(clone, root, 'emulator_override.tf'), override);
  await writeFile(join(clone, '.git', 'info', 'exclude'), 'emulator_override.tf\n');
}

/** The variable `bitbucket` of terraform/bootstrap. */
function trusted({ workspace: workspaceId, repository, environments: uuids }: Ids): unknown {
  const bare = (uuid = ''): string => uuid.slice(1, -1);
  return {
    workspace,
    workspace_uuid: bare(workspaceId),
    repository_uuid: bare(repository),
    build_uuid: bare(uuids['build']),
    environments: Object.fromEntries(
      environments.map((name) => [
        name,
        { plan_uuid: bare(uuids[`${name}-plan`]), apply_uuid: bare(uuids[name]) },
      ]),
    ),
  };
}

/** Resolves with the ARN of a certificate that was made here, for what speaks TLS only. */
export async function importCertificate(url: string, home: string): Promise<string> {
  const [keyFile, file] = [join(home, 'service.key'), join(home, 'service.pem')];
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', keyFile, '-out', file],
    ...['-subj', `/CN=${domainName}`, '-addext', `subjectAltName=DNS:${domainName}`],
  ]);
  const read = async (path: string): Promise<string> => (await readFile(path)).toString('base64');
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'CertificateManager.ImportCertificate',
      authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/${region}/acm/aws4_request, SignedHeaders=host, Signature=none`,
    },
    body: JSON.stringify({ Certificate: await read(file), PrivateKey: await read(keyFile) }),
  });
  const { CertificateArn: arn } = (await response.json()) as { CertificateArn?: string };
  if (arn === undefined) throw new Problem('The emulator takes no certificate.', 'See its log.');
  return arn;
}

export const domainName = 'movies.example.com';

/** Variables of the repository and of each deployment environment, as docs/deploy.md has a person set them. */
export function variablesOf(
  { outputs, certificateArn }: PipelineAccount,
  deployment: string,
): NodeJS.ProcessEnv {
  const [environment = '', isPlan] = deployment.split('-');
  const { backend_config: backend } = outputs;
  const role =
    deployment === 'build'
      ? outputs.build_role_arn
      : (isPlan === undefined ? outputs.apply_role_arns : outputs.plan_role_arns)[environment];
  if (role === undefined)
    throw new Problem(`No role is made for the environment ${deployment}.`, 'docs/deploy.md, "Set it up".');
  return {
    STATE_BUCKET: backend.bucket,
    STATE_REGION: backend.region,
    STATE_KMS_KEY_ARN: backend.kms_key_id,
    IMAGE_REPOSITORY: outputs.repository_url,
    AWS_REGION: region,
    AWS_ROLE_ARN: role,
    // Nothing of another registry is copied: none is part of this account.
    ...(deployment === 'build'
      ? { TF_VAR_collector_image: `${outputs.repository_url}@sha256:${'0'.repeat(64)}` }
      : {}),
    TF_VAR_permissions_boundary_arn: outputs.workload_boundary_arns[environment],
    ...(environment === 'prod'
      ? { TF_VAR_domain_name: domainName, TF_VAR_certificate_arn: certificateArn }
      : {
          TF_VAR_allowed_cidrs: '["127.0.0.1/32"]',
          RUNNER_CIDRS: '127.0.0.1/32',
          TF_VAR_plain_http: 'tokens in clear',
        }),
  };
}

/** What a step's container would have of its own, or what lets programs of this machine reach package registries. */
const kept =
  /^(HOME|USER|LOGNAME|LANG|LC_.*|TMPDIR|TERM|SSL_CERT_.*|NODE_EXTRA_CA_CERTS|NPM_CONFIG_.*|npm_config_(cache|registry|cafile)|GO[A-Z]+|PIP_.*|XDG_.*|TF_CLI_CONFIG_FILE)$/;

/**
 * The environment that steps begin with: nothing of the caller's accounts, settings or repository gets in, as in a new
 * container. Programs come from this machine, not from the project's own folders.
 */
export function bareEnvironment(env: NodeJS.ProcessEnv, project: string): NodeJS.ProcessEnv {
  const isForeign = (folder: string): boolean => relative(project, folder).startsWith('..');
  const path = (env['PATH'] ?? '').split(':').filter((folder) => folder !== '' && isForeign(folder));
  return {
    ...Object.fromEntries(Object.entries(env).filter(([name]) => kept.test(name))),
    PATH: path.join(':'),
    CI: 'true',
    NO_COLOR: '1',
  };
}

/** UUIDs of a workspace, a repository and its deployment environments, with braces as Bitbucket writes them. */
export interface Ids {
  readonly workspace: string;
  readonly repository: string;
  readonly environments: Readonly<Record<string, string>>;
}

export interface StepFacts {
  readonly ids: Ids;
  readonly commit: string;
  readonly buildNumber: number;
  readonly stepUuid: string;
  readonly pipelineUuid: string;
  readonly clone: string;
  readonly deployment: string | undefined;
  readonly token: string | undefined;
}

/** The default variables of a step (https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets). */
export const bitbucketVariables = (facts: StepFacts): NodeJS.ProcessEnv => ({
  BITBUCKET_BRANCH: 'main',
  BITBUCKET_BUILD_NUMBER: String(facts.buildNumber),
  BITBUCKET_CLONE_DIR: facts.clone,
  BITBUCKET_COMMIT: facts.commit,
  BITBUCKET_PIPELINE_UUID: facts.pipelineUuid,
  BITBUCKET_REPO_FULL_NAME: 'local/movies-api',
  BITBUCKET_REPO_SLUG: 'movies-api',
  BITBUCKET_REPO_UUID: facts.ids.repository,
  BITBUCKET_STEP_UUID: facts.stepUuid,
  BITBUCKET_WORKSPACE: 'local',
  ...(facts.deployment === undefined
    ? {}
    : {
        BITBUCKET_DEPLOYMENT_ENVIRONMENT: facts.deployment,
        BITBUCKET_DEPLOYMENT_ENVIRONMENT_UUID: facts.ids.environments[facts.deployment],
        // Credentials of a registry are the step's own.
        DOCKER_CONFIG: join(facts.clone, '.cache', 'docker'),
      }),
  ...(facts.token === undefined ? {} : { BITBUCKET_STEP_OIDC_TOKEN: facts.token }),
});
