import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { describeWith } from '../support/requirements.ts';
import { terraform, terraformDirectories } from '../support/terraform.ts';
import { readTestFiles, runTerraform, type TestFile } from './run.ts';

const project = resolve(import.meta.dirname, '../..');

/** The rules that a run breaks, by variable: lines of variables.tf. */
type Broken = Readonly<Record<string, readonly number[]>>;

interface Rule {
  readonly variable: string;
  readonly line: number;
}

/** Each `validation` of variables.tf, as formatted by `terraform fmt`, by its line. */
function rulesIn(variables: string): readonly Rule[] {
  let variable = '';
  return variables.split('\n').flatMap((text, index) => {
    variable = /^variable "(\w+)"/.exec(text)?.[1] ?? variable;
    return text === '  validation {' ? [{ variable, line: index + 1 }] : [];
  });
}

interface Message {
  readonly type: string;
  readonly '@testrun'?: string;
  readonly diagnostic?: { readonly detail: string };
}

/**
 * Which rules each refusal breaks. A run that expects a failure doesn't say which rule failed, so the expectation is taken
 * out; a run that fails ends its file, so each has one of its own. No provider is started: variables are all it takes.
 */
async function brokenRules(
  directory: string,
  { name, refusals }: Pick<TestFile, 'name' | 'refusals'>,
  variables: string,
): Promise<ReadonlyMap<string, Broken>> {
  const bare = await mkdtemp(join(tmpdir(), 'refusals-'));
  await mkdir(join(bare, 'tests'));
  await writeFile(join(bare, 'variables.tf'), variables);
  const environments = join(project, directory, 'environments');
  if (existsSync(environments)) await cp(environments, join(bare, 'environments'), { recursive: true });
  for (const { run, given, text } of refusals) {
    const unexpecting = text.replace(/ {2}expect_failures = \[[^\]]*\]\n/, '');
    await writeFile(join(bare, 'tests', `${run}.tftest.hcl`), `${given}\n${unexpecting}`);
  }
  // Tests of an environment are named like it, and take its workspace.
  const environment = name.replace('.tftest.hcl', '');
  const isEnvironment = existsSync(join(environments, `${environment}.tfvars`));
  const { said } = await runTerraform(bare, ['test', '-json'], {
    ...process.env,
    TF_CLI_CONFIG_FILE: undefined,
    TF_WORKSPACE: isEnvironment ? environment : undefined,
  });
  await rm(bare, { recursive: true });
  const found = new Map<string, Record<string, number[]>>(refusals.map(({ run }) => [run, {}]));
  const rules = rulesIn(variables);
  for (const line of said.split('\n').filter((text) => text.startsWith('{'))) {
    const message = JSON.parse(line) as Message;
    const at = /the validation rule at\s+variables\.tf:(\d+)/.exec(message.diagnostic?.detail ?? '')?.[1];
    const rule = rules.find((one) => one.line === Number(at));
    const broken = found.get(message['@testrun'] ?? '');
    if (rule !== undefined && broken !== undefined) (broken[rule.variable] ??= []).push(rule.line);
  }
  return found;
}

const directories = terraformDirectories(project)
  .map((directory) => ({
    directory,
    variables: readFileSync(join(project, directory, 'variables.tf'), 'utf8'),
    files: readTestFiles(join(project, directory)).filter(({ refusals }) => refusals.length > 0),
  }))
  .filter(({ variables }) => rulesIn(variables).length > 0);

/** Runs that break another rule than they say, or two rules of one variable; and rules that no run breaks. */
async function judge({ directory, variables, files }: (typeof directories)[number]): Promise<{
  readonly runs: readonly string[];
  readonly unproven: readonly Rule[];
}> {
  const results = await Promise.all(
    files.map(async (file) => ({ file, broken: await brokenRules(directory, file, variables) })),
  );
  const runs = results.flatMap(({ file, broken }) =>
    file.refusals.flatMap(({ run, refused }) => {
      const rules = broken.get(run) ?? {};
      return [
        ...refused.filter((name) => !(name in rules)).map((name) => `${run}: ${name} is not refused`),
        ...Object.keys(rules)
          .filter((name) => !refused.includes(name))
          .map((name) => `${run}: ${name} is refused, too`),
        ...Object.entries(rules)
          .filter(([, lines]) => new Set(lines).size > 1)
          .map(([name]) => `${run}: ${name} breaks several rules`),
      ];
    }),
  );
  const proven = new Set(
    results.flatMap(({ broken }) => [...broken.values()].flatMap((rules) => Object.values(rules).flat())),
  );
  return { runs, unproven: rulesIn(variables).filter(({ line }) => !proven.has(line)) };
}

const uuid = (digit: number): string => `${digit}0000000-0000-4000-8000-000000000000`;
/** Values at the edge of what is accepted, of the variables that have rules; a line is a run. And values that are just outside. */
const edges: Readonly<Record<string, { readonly accepted: string; readonly refused: string }>> = {
  terraform: {
    accepted: `
      owner = "a"; cost_centre = "1"; account_id = "123456789012"; commit = "0123456"; vpc_cidr = "10.0.0.0/16"; endpoint_zones = 1; task_size = { cpu = 256, memory = 2048 }
      commit = "${'0123456789'.repeat(4)}"; vpc_cidr = "10.0.0.0/20"; egress = "nat_per_zone"; endpoint_zones = 3; task_size = { cpu = 512, memory = 4096 }; architecture = "ARM64"
      domain_name = "a.b.example.com"; hosted_zone_id = "Z0123456789EXAMPLE01"; plain_http = null; allowed_cidrs = ["0.0.0.0/0"]; task_size = { cpu = 1024, memory = 2048 }
      domain_name = "example.com"; certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/1"; client_ca = { bucket = "ca", key = "ca.pem" }; task_size = { cpu = 1024, memory = 8192 }
      egress = "none"; oidc = { issuer = "https://a.example", audience = ["a", "b"] }; issuer_network = { transit_gateway_id = "tgw-1", cidrs = ["10.0.0.0/8"] }; task_size = { cpu = 2048, memory = 4096 }
      outside_probe = { movie = "1994/X" }; allowed_cidrs = ["0.0.0.0/0"]; domain_name = "example.com"; hosted_zone_id = "Z0123456"; task_size = { cpu = 2048, memory = 16384 }; project = "ab"
      replicate = true; replica_region = "eu-central-1"; log_level = "error"; trace_sample_rate = 0; monthly_budget_usd = 1; task_size = { cpu = 512, memory = 1024 }; cursor_key_stage = 7
      scaling = { min_tasks = 2, max_tasks = 2, requests_per_target = 1, cpu_percent = 10 }; log_level = "warn"; trace_sample_rate = 1; project = "${'p'.repeat(28)}"; runbook_url = "https://a.example"
      scaling = { min_tasks = 2, max_tasks = 9, requests_per_target = 1, cpu_percent = 90, schedules = { a = { at = "cron(0 8 * * ? *)", min_tasks = 2, max_tasks = 2 } } }; capacity = { fargate_base = 0, fargate_weight = 1, spot_weight = 0 }
      subscriptions = { page = [{ protocol = "email", endpoint = "a" }, { protocol = "https", endpoint = "b" }], ticket = [{ protocol = "lambda", endpoint = "c" }, { protocol = "sqs", endpoint = "d" }] }; allowed_cidrs = ["10.0.0.0/12"]
      collector_image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/collector@sha256:${'0'.repeat(64)}"; log_level = "info"; log_retention_days = 3653`,
    refused: `
      commit = "012345"
      commit = "${'0123456789'.repeat(4)}0"
      account_id = "12345678901"
      vpc_cidr = "10.0.0.0/15"
      vpc_cidr = "10.0.0.0/21"
      task_size = { cpu = 256, memory = 3072 }
      task_size = { cpu = 512, memory = 512 }
      task_size = { cpu = 1024, memory = 1024 }
      task_size = { cpu = 2048, memory = 2048 }
      task_size = { cpu = 4096, memory = 8192 }
      allowed_cidrs = ["10.0.0.0/11"]
      hosted_zone_id = "Z012345"
      cursor_key_stage = 0.5
      trace_sample_rate = 1.01
      trace_sample_rate = -0.01
      scaling = { min_tasks = 1, max_tasks = 2, requests_per_target = 1 }
      scaling = { min_tasks = 2, max_tasks = 2, requests_per_target = 1, cpu_percent = 9 }
      scaling = { min_tasks = 2, max_tasks = 2, requests_per_target = 1, cpu_percent = 91 }
      monthly_budget_usd = 0
      log_retention_days = 31
      project = "${'p'.repeat(29)}"
      collector_image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/collector@sha256:${'0'.repeat(63)}"`,
  },
  'terraform/bootstrap': {
    accepted: `
      commit = "0123456"; account_id = "123456789012"; project = "abc"; state_history_days = 7; candidate_days = 1; bitbucket = null
      commit = "${'0123456789'.repeat(4)}"; project = "${'p'.repeat(28)}"; state_history_days = 365; candidate_days = 365; bitbucket = null
      bitbucket = { workspace = "a-b_1", workspace_uuid = "${uuid(1)}", repository_uuid = "${uuid(2)}", build_uuid = "${uuid(3)}", environments = { dev = { plan_uuid = "${uuid(4)}", apply_uuid = "${uuid(5)}", vpc_id = "vpc-01234567", client_ca_bucket = "abc", transit_gateway_id = "tgw-01234567" } } }
      bitbucket = { workspace = "movies", workspace_uuid = "${uuid(1)}", repository_uuid = "${uuid(2)}", build_uuid = "${uuid(3)}", oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/api.bitbucket.org/2.0/workspaces/movies/pipelines-config/identity/oidc", environments = { ${'e'.repeat(21)} = { plan_uuid = "${uuid(4)}", apply_uuid = "${uuid(5)}", vpc_id = "vpc-0123456789abcdef0", zone = { id = "Z0", domain_name = "a.example" }, client_ca_bucket = "${'b'.repeat(63)}", transit_gateway_id = "tgw-0123456789abcdef0" } } }`,
    refused: `
      commit = "012345"
      commit = "${'0123456789'.repeat(4)}0"
      account_id = "1234567890123"
      project = "ab"
      project = "${'p'.repeat(29)}"
      state_history_days = 6
      state_history_days = 7.5
      candidate_days = 0
      bitbucket = { workspace = "movies", workspace_uuid = "${uuid(1)}", repository_uuid = "${uuid(2)}", build_uuid = "${uuid(3)}", environments = { ${'e'.repeat(22)} = { plan_uuid = "${uuid(4)}", apply_uuid = "${uuid(5)}" } } }
      bitbucket = { workspace = "movies", workspace_uuid = "${uuid(1)}", repository_uuid = "${uuid(2)}", build_uuid = "${uuid(3)}", environments = { dev = { plan_uuid = "${uuid(4)}", apply_uuid = "${uuid(5)}", vpc_id = "vpc-0123456" } } }
      bitbucket = { workspace = "movies", workspace_uuid = "${uuid(1)}", repository_uuid = "${uuid(2)}", build_uuid = "${uuid(3)}", environments = { dev = { plan_uuid = "${uuid(4)}", apply_uuid = "${uuid(4)}" } } }`,
  },
  'modules/web-acl': {
    accepted: `
      name = "ab"; rate_limit = 11; write_rate_limit = 10; max_body_bytes = 1024; log_retention_days = 30; allowed_cidrs = ["0.0.0.0/1"]; maintainer_cidrs = ["10.0.0.0/16"]
      name = "${'a'.repeat(64)}"; rate_limit = 2000000000; write_rate_limit = 2000; max_body_bytes = 8192; log_retention_days = 3653; allowed_countries = ["IE"]
      partners = { cidrs = ["10.0.0.0/16"], rate_limit = 2000, write_rate_limit = 200 }; rule_versions = { AWSManagedRulesSQLiRuleSet = "Version_1.0" }; rule_overrides = { AWSManagedRulesX = ["Y"] }`,
    refused: `
      name = "a"
      name = "${'a'.repeat(65)}"
      rate_limit = 2000000001
      write_rate_limit = 9
      max_body_bytes = 1023
      allowed_countries = ["IRL"]
      maintainer_cidrs = ["10.0.0.0/15"]
      partners = { cidrs = ["10.0.0.0/15"], rate_limit = 2000, write_rate_limit = 200 }
      partners = { cidrs = ["10.0.0.0/16"], rate_limit = 2000, write_rate_limit = 199 }`,
  },
  'modules/movies-table': {
    accepted: `
      name = "abc"; point_in_time_recovery_days = 1; range_key = { name = "title", type = "B" }; global_secondary_indexes = []; backup = { schedule = "cron(0 3 * * ? *)", retention_days = 1 }
      name = "${'a'.repeat(48)}"; point_in_time_recovery_days = 35; hash_key = { name = "y", type = "S" }; global_secondary_indexes = [{ name = "abc", hash_key = { name = "z", type = "B" }, range_key = { name = "title", type = "S" } }]
      backup = { schedule = "cron(0 3 * * ? *)", retention_days = 7, copy_to = "arn:aws:backup:eu-west-1:123456789012:backup-vault:a", vault_lock = { min_retention_days = 1, max_retention_days = 7, changeable_for_days = 3 } }
      backup = { schedule = "cron(0 3 * * ? *)", retention_days = 7, vault_lock = { min_retention_days = 7, max_retention_days = 9 } }; permissions_boundary_arn = "arn:aws:iam::aws:policy/a"; serving = "movies-test"
      replica_regions = { ap-southeast-2 = "arn:aws:kms:ap-southeast-2:123456789012:key/mrk-1" }; permissions_boundary_arn = "arn:aws:iam::123456789012:policy/a"`,
    refused: `
      name = "ab"
      name = "${'a'.repeat(49)}"
      point_in_time_recovery_days = 0
      point_in_time_recovery_days = 36
      point_in_time_recovery_days = 1.5
      backup = { schedule = "cron(0 3 * * ? *)", retention_days = 0 }
      backup = { schedule = "cron(0 3 * * ? *)", retention_days = 7, vault_lock = { min_retention_days = 1, max_retention_days = 6 } }
      backup = { schedule = "cron(0 3 * * ? *)", retention_days = 7, vault_lock = { min_retention_days = 1, max_retention_days = 7, changeable_for_days = 2 } }`,
  },
  'modules/api-access': {
    accepted: `
      name = "ab"; domain_prefix = "a"; mfa = "OPTIONAL"; threat_protection = "OFF"; access_token_minutes = 5; swagger_callback_urls = ["http://localhost:8080/a"]
      name = "${'a'.repeat(63)}"; domain_prefix = "${'a'.repeat(63)}"; mfa = "ON"; threat_protection = "AUDIT"; access_token_minutes = 60; swagger_callback_urls = ["https://a.example/b"]`,
    refused: `
      name = "a"
      domain_prefix = "${'a'.repeat(64)}"
      access_token_minutes = 4
      access_token_minutes = 61`,
  },
  'modules/observability': {
    accepted: `
      name = "ab"; monthly_budget_usd = 1; service = { cluster_name = "a", service_name = "a", maximum_tasks = 1, log_group_name = "/a/api" }
      name = "${'a'.repeat(41)}"; monthly_budget_usd = null; subscriptions = { page = [{ protocol = "email", endpoint = "a" }, { protocol = "https", endpoint = "b" }], ticket = [{ protocol = "lambda", endpoint = "c" }, { protocol = "sqs", endpoint = "d" }] }`,
    refused: `
      name = "a"
      name = "${'a'.repeat(42)}"
      monthly_budget_usd = 0
      service = { cluster_name = "a", service_name = "a", maximum_tasks = 0, log_group_name = "/a/api" }`,
  },
};

describeWith([terraform], 'what a variable may not be', () => {
  test.each(directories)(
    'in $directory each rule is broken by a run that breaks no other rule of its variable',
    async (one) => {
      expect(await judge(one)).toEqual({ runs: [], unproven: [] });
    },
    120_000,
  );

  test.each(directories)(
    'in $directory each edge is accepted, and what is just outside is refused',
    async ({ directory, variables, files }) => {
      const edge = edges[directory];
      const file = files.findLast(({ name }) => !/default|prod/.test(name));
      if (edge === undefined || file === undefined) throw new Error(`${directory} has no edges: enter them`);
      const lines = (of: string): readonly string[] =>
        of
          .trim()
          .split('\n')
          .map((line) => line.trim());
      const asked = [...lines(edge.accepted), ...lines(edge.refused)];
      const { given = '' } = file.refusals[0] ?? {};
      const runs = asked.map((line, at) => ({
        run: `edge_${at}`,
        refused: [],
        given,
        text: `run "edge_${at}" {\n  command = plan\n  variables {\n${line.replaceAll('; ', '\n')}\n}\n}\n`,
      }));
      const broken = await brokenRules(directory, { name: file.name, refusals: runs }, variables);

      const refused = asked.filter((_line, at) => Object.keys(broken.get(`edge_${at}`) ?? {}).length > 0);
      expect(refused).toEqual(lines(edge.refused));
    },
    120_000,
  );

  test('a rule that refuses nothing is named, and so is the run that was to break it', async () => {
    const [one] = directories.filter(({ directory }) => directory === 'modules/web-acl');
    if (one === undefined) throw new Error('modules/web-acl has no rules');
    const variables = one.variables.replace('startswith(group, "AWSManagedRules")', 'true');

    const { runs, unproven } = await judge({ ...one, variables });

    expect(runs.map((sentence) => sentence.split(': ')[1])).toEqual(['rule_overrides is not refused']);
    expect(unproven.map(({ variable }) => variable)).toEqual(['rule_overrides']);
  }, 120_000);
});
