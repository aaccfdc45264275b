import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { describeWith } from '../support/requirements.ts';
import { terraform, terraformDirectories } from '../support/terraform.ts';
import { readTestFiles, runTerraform } from './run.ts';

const project = resolve(import.meta.dirname, '../..');

interface Rule {
  readonly variable: string;
  /** Of its `validation` in variables.tf. */
  readonly line: number;
}

/** Each `validation` of variables.tf, as formatted by `terraform fmt`. */
function rulesIn(variables: string): readonly Rule[] {
  let variable = '';
  return variables.split('\n').flatMap((text, index) => {
    variable = /^variable "(\w+)"/.exec(text)?.[1] ?? variable;
    return text === '  validation {' ? [{ variable, line: index + 1 }] : [];
  });
}

interface Message {
  readonly '@testrun'?: string;
  readonly diagnostic?: { readonly detail: string };
}

/** Values of variables that are given otherwise, in one workspace. */
interface Asked {
  readonly workspace: string | undefined;
  readonly values: string;
}

/**
 * Which rules each of them breaks. A run that fails ends its file, so each has one of its own. No provider is started:
 * variables are all it takes.
 */
async function brokenRules(
  directory: string,
  variables: string,
  asked: readonly Asked[],
): Promise<readonly (readonly Rule[])[]> {
  const rules = rulesIn(variables);
  const broken = asked.map((): Rule[] => []);
  const files = readTestFiles(join(project, directory));
  for (const workspace of new Set(asked.map((one) => one.workspace))) {
    const bare = await mkdtemp(join(tmpdir(), 'refusals-'));
    await mkdir(join(bare, 'tests'));
    await writeFile(join(bare, 'variables.tf'), variables);
    const environments = join(project, directory, 'environments');
    if (existsSync(environments)) await cp(environments, join(bare, 'environments'), { recursive: true });
    const { given = '' } =
      files.find(({ name }) => name === `${workspace ?? ''}.tftest.hcl`) ?? files[0] ?? {};
    for (const [at, { values }] of asked.entries())
      if (asked[at]?.workspace === workspace)
        await writeFile(
          join(bare, 'tests', `run_${at}.tftest.hcl`),
          `${given}\nrun "run_${at}" {\n  command = plan\n  variables {\n${values.replaceAll('; ', '\n')}\n}\n}\n`,
        );
    const { said } = await runTerraform(bare, ['test', '-json'], {
      ...process.env,
      TF_CLI_CONFIG_FILE: undefined,
      TF_WORKSPACE: workspace,
    });
    await rm(bare, { recursive: true });
    for (const line of said.split('\n').filter((text) => text.startsWith('{'))) {
      const { '@testrun': run = '', diagnostic } = JSON.parse(line) as Message;
      const at = /the validation rule at\s+variables\.tf:(\d+)/.exec(diagnostic?.detail ?? '')?.[1];
      const rule = rules.find((one) => one.line === Number(at));
      if (rule !== undefined) broken[Number(run.slice('run_'.length))]?.push(rule);
    }
  }
  return broken;
}

const uuid = (digit: number): string => `${digit}0000000-0000-4000-8000-000000000000`;
/**
 * Of the variables that have rules: values that are accepted, up to the edge, and values that are refused, from just outside on,
 * each with the variable whose rule it breaks, alone. A line is a run, in the workspace dev unless it says another one.
 */
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
      commit: commit = "012345"
      commit: commit = "${'0123456789'.repeat(4)}0"
      account_id: account_id = "12345678901"
      vpc_cidr: vpc_cidr = "10.0.0.0/15"
      vpc_cidr: vpc_cidr = "10.0.0.0/21"
      task_size: task_size = { cpu = 256, memory = 3072 }
      task_size: task_size = { cpu = 512, memory = 512 }
      task_size: task_size = { cpu = 1024, memory = 1024 }
      task_size: task_size = { cpu = 2048, memory = 2048 }
      task_size: task_size = { cpu = 4096, memory = 8192 }
      allowed_cidrs: allowed_cidrs = ["10.0.0.0/11"]
      hosted_zone_id: hosted_zone_id = "Z012345"
      cursor_key_stage: cursor_key_stage = 0.5
      trace_sample_rate: trace_sample_rate = 1.01
      trace_sample_rate: trace_sample_rate = -0.01
      scaling: scaling = { min_tasks = 1, max_tasks = 2, requests_per_target = 1 }
      scaling: scaling = { min_tasks = 2, max_tasks = 2, requests_per_target = 1, cpu_percent = 9 }
      scaling: scaling = { min_tasks = 2, max_tasks = 2, requests_per_target = 1, cpu_percent = 91 }
      monthly_budget_usd: monthly_budget_usd = 0
      log_retention_days: log_retention_days = 31
      project: project = "${'p'.repeat(29)}"
      collector_image: collector_image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/collector@sha256:${'0'.repeat(63)}"
      image: image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/movies-api:latest"
      commit: commit = "main"
      owner: owner = " "
      cost_centre: cost_centre = ""
      project: project = "Movies"
      account_id: account_id = "retail-dev"
      egress: egress = "internet"
      endpoint_zones: endpoint_zones = 4
      allowed_cidrs: allowed_cidrs = []
      hosted_zone_id: hosted_zone_id = "example.com"
      replicate: replicate = true
      architecture: architecture = "arm"
      capacity: capacity = { fargate_base = 1, fargate_weight = 0, spot_weight = 0 }
      log_level: log_level = "verbose"
      log_retention_days: log_retention_days = 7
      subscriptions: subscriptions = { page = [{ protocol = "http", endpoint = "http://example.com" }] }
      runbook_url: runbook_url = "docs/runbook.md"
      collector_image: collector_image = "public.ecr.aws/aws-observability/aws-otel-collector:latest"
      egress: egress = "none"; issuer_network = { cidrs = ["10.8.0.0/24"], transit_gateway_id = "tgw-0123456789abcdef0" }
      allowed_cidrs: allowed_cidrs = ["0.0.0.0/1", "128.0.0.0/1"]
      certificate_arn: certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/1"
      client_ca: client_ca = { bucket = "certificates", key = "clients.pem", object_version = "1" }
      replica_region: replica_region = "eu-west-1"
      scaling: scaling = { min_tasks = 2, max_tasks = 4, requests_per_target = 3000, schedules = { night = { schedule = "cron(0 20 * * ? *)", min_tasks = 0, max_tasks = 2 } } }
      allowed_cidrs: domain_name = "movies.example.com"; hosted_zone_id = "Z0123456789"; allowed_cidrs = ["2001:db8::/32"]
      issuer_network: egress = "none"; oidc = { issuer = "https://login.example.com", audience = ["movies"] }; issuer_network = { cidrs = ["0.0.0.0/1"], transit_gateway_id = "tgw-0123456789abcdef0" }
      region: region = "us-east-1"
      plain_http: plain_http = "yes"
      oidc: oidc = { issuer = "http://login.example.com", audience = ["movies"] }
      region: region = "cn-north-1"; allowed_regions = ["cn-north-1"]
      monthly_budget_usd: region = "us-gov-west-1"; allowed_regions = ["us-gov-west-1"]
      oidc: oidc = { issuer = "https://login.example.com", audience = ["movies,films"] }
      issuer_network: egress = "none"; oidc = { issuer = "https://login.example.com", audience = ["movies"] }
      replicate: replicate = true; replica_region = "eu-north-1"; multi_region = false
      domain_name: plain_http = null
      domain_name: domain_name = "https://movies.example.com"; hosted_zone_id = "Z0123456789"
      hosted_zone_id: domain_name = "movies.example.com"
      certificate_arn: domain_name = "movies.example.com"; certificate_arn = "arn:aws:acm-pca:eu-west-1:123456789012:certificate/1"
      certificate_arn: domain_name = "movies.example.com"; certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/1"
      environment: environment = "staging"
      environment in default: environment = "default"
      domain_name in prod: allowed_cidrs = ["203.0.113.0/24"]; domain_name = null; hosted_zone_id = null
      capacity in prod: capacity = { fargate_base = 0, fargate_weight = 0, spot_weight = 1 }
      log_retention_days in prod: log_retention_days = 30
      outside_probe in prod: outside_probe = { movie = "Pulp Fiction" }
      outside_probe in prod: allowed_cidrs = ["203.0.113.0/24"]; outside_probe = { movie = "1994/Pulp Fiction" }
      outside_probe in prod: oidc = { issuer = "https://login.example.com", audience = ["movies-api"], swagger_client_id = "swagger" }; outside_probe = { movie = "1994/Pulp Fiction" }
      outside_probe in prod: image = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/movies-api@sha256:${'0'.repeat(64)}"; outside_probe = { movie = "1994/Pulp Fiction" }`,
  },
  'terraform/bootstrap': {
    accepted: `
      commit = "0123456"; account_id = "123456789012"; project = "abc"; state_history_days = 7; candidate_days = 1; bitbucket = null
      commit = "${'0123456789'.repeat(4)}"; project = "${'p'.repeat(28)}"; state_history_days = 365; candidate_days = 365; bitbucket = null
      bitbucket = { workspace = "a-b_1", workspace_uuid = "${uuid(1)}", repository_uuid = "${uuid(2)}", build_uuid = "${uuid(3)}", environments = { dev = { plan_uuid = "${uuid(4)}", apply_uuid = "${uuid(5)}", vpc_id = "vpc-01234567", client_ca_bucket = "abc", transit_gateway_id = "tgw-01234567" } } }
      bitbucket = { workspace = "movies", workspace_uuid = "${uuid(1)}", repository_uuid = "${uuid(2)}", build_uuid = "${uuid(3)}", oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/api.bitbucket.org/2.0/workspaces/movies/pipelines-config/identity/oidc", environments = { ${'e'.repeat(21)} = { plan_uuid = "${uuid(4)}", apply_uuid = "${uuid(5)}", vpc_id = "vpc-0123456789abcdef0", zone = { id = "Z0", domain_name = "a.example" }, client_ca_bucket = "${'b'.repeat(63)}", transit_gateway_id = "tgw-0123456789abcdef0" } } }`,
    refused: `
      commit: commit = "012345"
      commit: commit = "${'0123456789'.repeat(4)}0"
      account_id: account_id = "1234567890123"
      project: project = "ab"
      project: project = "${'p'.repeat(29)}"
      state_history_days: state_history_days = 6
      state_history_days: state_history_days = 7.5
      candidate_days: candidate_days = 0
      bitbucket: bitbucket = { workspace = "movies", workspace_uuid = "${uuid(1)}", repository_uuid = "${uuid(2)}", build_uuid = "${uuid(3)}", environments = { ${'e'.repeat(22)} = { plan_uuid = "${uuid(4)}", apply_uuid = "${uuid(5)}" } } }
      bitbucket: bitbucket = { workspace = "movies", workspace_uuid = "${uuid(1)}", repository_uuid = "${uuid(2)}", build_uuid = "${uuid(3)}", environments = { dev = { plan_uuid = "${uuid(4)}", apply_uuid = "${uuid(5)}", vpc_id = "vpc-0123456" } } }
      bitbucket: bitbucket = { workspace = "movies", workspace_uuid = "${uuid(1)}", repository_uuid = "${uuid(2)}", build_uuid = "${uuid(3)}", environments = { dev = { plan_uuid = "${uuid(4)}", apply_uuid = "${uuid(4)}" } } }
      owner: owner = " "
      cost_centre: cost_centre = ""
      commit: commit = "main"
      project: project = "movies_api"
      region: region = "us-east-1"
      bitbucket: bitbucket = merge(var.bitbucket, { workspace = "Movies Team" })
      bitbucket: bitbucket = merge(var.bitbucket, { repository_uuid = "{${uuid(2)}}" })
      bitbucket: bitbucket = merge(var.bitbucket, { build_uuid = "*" })
      bitbucket: bitbucket = merge(var.bitbucket, { environments = {} })
      bitbucket: bitbucket = merge(var.bitbucket, { environments = { dev-x = { plan_uuid = "${uuid(4)}", apply_uuid = "${uuid(5)}" } } })
      bitbucket: project = "movies-api-of-the-long-name"; bitbucket = merge(var.bitbucket, { environments = { staging = { plan_uuid = "${uuid(4)}", apply_uuid = "${uuid(5)}" } } })
      bitbucket: bitbucket = merge(var.bitbucket, { environments = { state = { plan_uuid = "${uuid(4)}", apply_uuid = "${uuid(5)}" } } })
      bitbucket: bitbucket = merge(var.bitbucket, { oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/api.bitbucket.org/2.0/workspaces/films/pipelines-config/identity/oidc" })
      bitbucket: bitbucket = merge(var.bitbucket, { environments = { dev = { plan_uuid = "${uuid(4)}", apply_uuid = "${uuid(5)}", vpc_id = "movies-api-dev" } } })
      bitbucket: bitbucket = merge(var.bitbucket, { environments = { dev = { plan_uuid = "${uuid(4)}", apply_uuid = "${uuid(5)}", zone = { id = "Z0123456789ABC", domain_name = "movies.example.com." } } } })
      bitbucket: bitbucket = merge(var.bitbucket, { environments = { dev = { plan_uuid = "${uuid(4)}", apply_uuid = "${uuid(5)}", client_ca_bucket = "bank-client-cas/ca.pem" } } })
      bitbucket: bitbucket = merge(var.bitbucket, { environments = { dev = { plan_uuid = "${uuid(4)}", apply_uuid = "${uuid(5)}", transit_gateway_id = "bank-gateway" } } })`,
  },
  'modules/web-acl': {
    accepted: `
      name = "ab"; rate_limit = 11; write_rate_limit = 10; max_body_bytes = 1024; log_retention_days = 30; allowed_cidrs = ["0.0.0.0/1"]; maintainer_cidrs = ["10.0.0.0/16"]
      name = "${'a'.repeat(64)}"; rate_limit = 2000000000; write_rate_limit = 2000; max_body_bytes = 8192; log_retention_days = 3653; allowed_countries = ["IE"]
      partners = { cidrs = ["10.0.0.0/16"], rate_limit = 2000, write_rate_limit = 200 }; rule_versions = { AWSManagedRulesSQLiRuleSet = "Version_1.0" }; rule_overrides = { AWSManagedRulesX = ["Y"] }`,
    refused: `
      name: name = "a"
      name: name = "${'a'.repeat(65)}"
      rate_limit: rate_limit = 2000000001
      write_rate_limit: write_rate_limit = 9
      max_body_bytes: max_body_bytes = 1023
      allowed_countries: allowed_countries = ["IRL"]
      maintainer_cidrs: maintainer_cidrs = ["10.0.0.0/15"]
      partners: partners = { cidrs = ["10.0.0.0/15"], rate_limit = 2000, write_rate_limit = 200 }
      partners: partners = { cidrs = ["10.0.0.0/16"], rate_limit = 2000, write_rate_limit = 199 }
      name: name = "Movies"
      kms_key_arn: kms_key_arn = "alias/movies"
      log_retention_days: log_retention_days = 7
      rate_limit: rate_limit = 9; write_rate_limit = 8
      write_rate_limit: write_rate_limit = 2000
      max_body_bytes: max_body_bytes = 8193
      allowed_cidrs: allowed_cidrs = ["0.0.0.0/0"]
      partners: partners = { cidrs = ["198.51.100.0/24"], rate_limit = 1000, write_rate_limit = 200 }
      rule_versions: rule_versions = { AWSManagedRulesAnonymousIpList = "Version_1.0" }
      rule_overrides: rule_overrides = { CommonRuleSet = ["SizeRestrictions_QUERYSTRING"] }`,
  },
  'modules/movies-table': {
    accepted: `
      name = "abc"; point_in_time_recovery_days = 1; range_key = { name = "title", type = "B" }; global_secondary_indexes = []; backup = { schedule = "cron(0 3 * * ? *)", retention_days = 1 }
      name = "${'a'.repeat(48)}"; point_in_time_recovery_days = 35; hash_key = { name = "y", type = "S" }; global_secondary_indexes = [{ name = "abc", hash_key = { name = "z", type = "B" }, range_key = { name = "title", type = "S" } }]
      backup = { schedule = "cron(0 3 * * ? *)", retention_days = 7, copy_to = "arn:aws:backup:eu-west-1:123456789012:backup-vault:a", vault_lock = { min_retention_days = 1, max_retention_days = 7, changeable_for_days = 3 } }
      backup = { schedule = "cron(0 3 * * ? *)", retention_days = 7, vault_lock = { min_retention_days = 7, max_retention_days = 9 } }; permissions_boundary_arn = "arn:aws:iam::aws:policy/a"; serving = "movies-test"
      replica_regions = { ap-southeast-2 = "arn:aws:kms:ap-southeast-2:123456789012:key/mrk-1" }; permissions_boundary_arn = "arn:aws:iam::123456789012:policy/a"`,
    refused: `
      name: name = "ab"
      name: name = "${'a'.repeat(49)}"
      point_in_time_recovery_days: point_in_time_recovery_days = 0
      point_in_time_recovery_days: point_in_time_recovery_days = 36
      point_in_time_recovery_days: point_in_time_recovery_days = 1.5
      backup: backup = { schedule = "cron(0 3 * * ? *)", retention_days = 0 }
      backup: backup = { schedule = "cron(0 3 * * ? *)", retention_days = 7, vault_lock = { min_retention_days = 1, max_retention_days = 6 } }
      backup: backup = { schedule = "cron(0 3 * * ? *)", retention_days = 7, vault_lock = { min_retention_days = 1, max_retention_days = 7, changeable_for_days = 2 } }
      serving: serving = "movies-test-at-20260301T120000Z"
      restored: restored = ["movies-test-other"]
      backup: backup = { schedule = "cron(0 3 * * ? *)", retention_days = 7, restore_test_schedule = "weekly" }
      hash_key: hash_key = { name = "year", type = "NUMBER" }
      replica_regions: replica_regions = { Frankfurt = "arn:aws:kms:Frankfurt:123456789012:key/mrk-1" }
      backup: backup = { schedule = "daily", retention_days = 7 }
      permissions_boundary_arn: permissions_boundary_arn = "movies-workload"
      range_key: range_key = { name = "title", type = "STRING" }
      global_secondary_indexes: global_secondary_indexes = [for number in range(21) : { name = "index-\${number}", hash_key = { name = "title", type = "S" }, range_key = { name = "year", type = "N" } }]
      global_secondary_indexes: global_secondary_indexes = [{ name = "title year", hash_key = { name = "title", type = "S" }, range_key = { name = "year", type = "N" } }]
      backup: backup = { schedule = "cron(0 3 * * ? *)", retention_days = 7, vault_lock = { min_retention_days = 0, max_retention_days = 30 } }
      global_secondary_indexes: global_secondary_indexes = [{ name = "by-title", hash_key = { name = "title", type = "S" }, range_key = { name = "year", type = "N" } }, { name = "by-title", hash_key = { name = "year", type = "N" }, range_key = { name = "title", type = "S" } }]
      backup: backup = { schedule = "cron(0 3 * * ? *)", retention_days = 7, vault_lock = { min_retention_days = 14, max_retention_days = 30 } }
      global_secondary_indexes: global_secondary_indexes = [{ name = "year-genre", hash_key = { name = "year", type = "N" }, range_key = { name = "genre", type = "SS" } }]
      global_secondary_indexes: global_secondary_indexes = [{ name = "title-year", hash_key = { name = "title", type = "S" }, range_key = { name = "year", type = "S" } }]
      backup: backup = { schedule = "cron(0 3 * * ? *)", retention_days = 7, copy_to = "vault" }
      range_key: range_key = { name = "year", type = "N" }; global_secondary_indexes = []
      replica_regions: replica_regions = { eu-central-1 = "arn:aws:kms:eu-north-1:123456789012:key/mrk-1" }
      replica_regions: multi_region = false; replica_regions = { eu-central-1 = "arn:aws:kms:eu-central-1:123456789012:key/mrk-1" }`,
  },
  'modules/api-access': {
    accepted: `
      name = "ab"; domain_prefix = "a"; mfa = "OPTIONAL"; threat_protection = "OFF"; access_token_minutes = 5; swagger_callback_urls = ["http://localhost:8080/a"]
      name = "${'a'.repeat(63)}"; domain_prefix = "${'a'.repeat(63)}"; mfa = "ON"; threat_protection = "AUDIT"; access_token_minutes = 60; swagger_callback_urls = ["https://a.example/b"]`,
    refused: `
      name: name = "a"
      domain_prefix: domain_prefix = "${'a'.repeat(64)}"
      access_token_minutes: access_token_minutes = 4
      access_token_minutes: access_token_minutes = 61
      name: name = "Movies"
      domain_prefix: domain_prefix = "movies.test"
      domain_prefix: domain_prefix = "movies-on-aws"
      swagger_callback_urls: swagger_callback_urls = []
      swagger_callback_urls: swagger_callback_urls = ["http://movies.example.com/docs/oauth2-redirect.html"]
      swagger_callback_urls: swagger_callback_urls = ["http://localhost.example.com/docs"]
      swagger_callback_urls: swagger_callback_urls = ["https://*.example.com/docs"]
      mfa: mfa = "OFF"
      threat_protection: threat_protection = "ON"`,
  },
  'modules/observability': {
    accepted: `
      name = "ab"; monthly_budget_usd = 1; service = { cluster_name = "a", service_name = "a", maximum_tasks = 1, log_group_name = "/a/api" }
      name = "${'a'.repeat(41)}"; monthly_budget_usd = null; subscriptions = { page = [{ protocol = "email", endpoint = "a" }, { protocol = "https", endpoint = "b" }], ticket = [{ protocol = "lambda", endpoint = "c" }, { protocol = "sqs", endpoint = "d" }] }`,
    refused: `
      name: name = "a"
      name: name = "${'a'.repeat(42)}"
      monthly_budget_usd: monthly_budget_usd = 0
      service: service = { cluster_name = "a", service_name = "a", maximum_tasks = 0, log_group_name = "/a/api" }
      name: name = "Movies"
      runbook_url: runbook_url = "http://example.com/runbook.md"
      subscriptions: subscriptions = { page = [{ protocol = "http", endpoint = "http://example.com" }] }
      slo: slo = { window_days = 30, minimum_bad_answers = 10, objectives = { reads = { kind = "speed", methods = ["GET"], objective_percent = 99.9, user_impact = "Errors." } }, burn_rates = [{ severity = "page", factor = 14.4, long = "1h", short = "5m" }] }
      slo: slo = { window_days = 30, minimum_bad_answers = 10, objectives = { reads = { kind = "latency", methods = ["GET"], objective_percent = 99, user_impact = "Errors." } }, burn_rates = [{ severity = "page", factor = 14.4, long = "1h", short = "5m" }] }
      slo: slo = { window_days = 30, minimum_bad_answers = 10, objectives = { reads = { kind = "availability", methods = ["GET"], objective_percent = 100, user_impact = "Errors." } }, burn_rates = [{ severity = "page", factor = 14.4, long = "1h", short = "5m" }] }
      slo: slo = { window_days = 30, minimum_bad_answers = 10, objectives = { reads = { kind = "availability", methods = ["GET"], objective_percent = 99.9, user_impact = "Errors." } }, burn_rates = [{ severity = "loud", factor = 14.4, long = "1h", short = "5m" }] }
      slo: slo = { window_days = 30, minimum_bad_answers = 10, objectives = { reads = { kind = "availability", methods = ["GET"], objective_percent = 99.9, user_impact = "Errors." } }, burn_rates = [{ severity = "page", factor = 14.4, long = "60", short = "5m" }] }`,
  },
};

const lines = (of: string): readonly string[] =>
  of
    .trim()
    .split('\n')
    .map((line) => line.trim());

/** Of each line that is asked, its variables whose rules it breaks; and the rules that no line breaks. */
async function judge(directory: string, variables: string) {
  const { accepted = '', refused = '' } = edges[directory] ?? {};
  const isRoot = directory === 'terraform';
  const asked = [
    ...lines(accepted).map((values) => ({ line: values, workspace: isRoot ? 'dev' : undefined, values })),
    ...lines(refused).map((line) => {
      const [, workspace = isRoot ? 'dev' : undefined, values = ''] =
        /^\w+(?: in (\w+))?: (.*)$/.exec(line) ?? [];
      return { line, workspace, values };
    }),
  ];
  const broken = await brokenRules(directory, variables, asked);
  const told = asked.flatMap(({ line, workspace, values }, at) => {
    const where = workspace === undefined || workspace === 'dev' ? '' : ` in ${workspace}`;
    const names = (broken[at] ?? []).map(({ variable }) => variable);
    return names.length === 0 && !lines(refused).includes(line)
      ? []
      : [`${names.join(', ')}${where}: ${values}`];
  });
  const seen = new Set(broken.flat().map(({ line }) => line));
  return { refused: told, unproven: rulesIn(variables).filter(({ line }) => !seen.has(line)) };
}

const directories = terraformDirectories(project)
  .map((directory) => ({
    directory,
    variables: readFileSync(join(project, directory, 'variables.tf'), 'utf8'),
  }))
  .filter(({ variables }) => rulesIn(variables).length > 0);

describeWith([terraform], 'what a variable may not be', () => {
  test.each(directories)(
    'in $directory each edge is accepted, and each rule refuses what is outside, alone',
    async ({ directory, variables }) => {
      expect(await judge(directory, variables)).toEqual({
        refused: lines(edges[directory]?.refused ?? ''),
        unproven: [],
      });
    },
    240_000,
  );

  test('a rule that refuses nothing is named, and so is the line that was to break it', async () => {
    const directory = 'modules/web-acl';
    const { variables = '' } = directories.find((one) => one.directory === directory) ?? {};

    const { refused, unproven } = await judge(
      directory,
      variables.replace('startswith(group, "AWSManagedRules")', 'true'),
    );

    expect(refused).toContain(': rule_overrides = { CommonRuleSet = ["SizeRestrictions_QUERYSTRING"] }');
    expect(unproven.map(({ variable }) => variable)).toEqual(['rule_overrides']);
  }, 120_000);
});
