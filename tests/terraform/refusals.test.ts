import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { describeWith } from '../support/requirements.ts';
import { runTerraform, terraform, terraformDirectories } from '../support/terraform.ts';

const project = resolve(import.meta.dirname, '../..');

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
  readonly '@testrun'?: string;
  readonly diagnostic?: { readonly severity: string; readonly detail: string };
}

/**
 * The lines of the rules that each row breaks; 0 for what is wrong by no rule. A run that fails ends its file, so each has one of its own. No provider is started: variables are
 * all it takes, with the values of the tests of the directory where a row gives none.
 */
async function brokenBy(
  asked: readonly string[],
  directory: string,
  variables: string,
): Promise<readonly (readonly number[])[]> {
  const tests = join(project, directory, 'tests');
  const [suite = ''] = await readdir(tests);
  const given = /^variables \{[\s\S]*?^\}\n/m.exec(await readFile(join(tests, suite), 'utf8'))?.[0] ?? '';
  const environments = join(project, directory, 'environments');
  const found = asked.map((): number[] => []);
  const workspaceOf = (row: string): string => /^in (\w+): /.exec(row)?.[1] ?? 'dev';
  for (const workspace of new Set(asked.map(workspaceOf))) {
    const bare = await mkdtemp(join(tmpdir(), 'refusals-'));
    await mkdir(join(bare, 'tests'));
    await writeFile(join(bare, 'variables.tf'), variables);
    const isService = existsSync(environments);
    if (isService) await cp(environments, join(bare, 'environments'), { recursive: true });
    for (const [at, row] of asked.entries()) {
      if (workspaceOf(row) !== workspace) continue;
      const values = new Map(
        row
          .replace(/^in \w+: /, '')
          .split('; ')
          .map((one) => [one.split(' = ')[0], one] as const)
          // Of two values for one variable, the first one counts.
          .reverse(),
      );
      const run = `run "row_${at}" {\n  command = plan\n  variables {\n${[...values.values()].join('\n')}\n}\n}\n`;
      await writeFile(join(bare, 'tests', `row_${at}.tftest.hcl`), `${given}\n${run}`);
    }
    const { said } = await runTerraform(bare, ['test', '-json'], {
      ...process.env,
      TF_CLI_CONFIG_FILE: undefined,
      TF_WORKSPACE: isService ? workspace : undefined,
    });
    await rm(bare, { recursive: true });
    for (const line of said.split('\n').filter((text) => text.startsWith('{'))) {
      const { '@testrun': run = '', diagnostic } = JSON.parse(line) as Message;
      const at = /the validation rule at\s+variables\.tf:(\d+)/.exec(diagnostic?.detail ?? '')?.[1];
      if (diagnostic?.severity === 'error') found[Number(run.replace('row_', ''))]?.push(Number(at ?? 0));
    }
  }
  return found;
}

const readVariables = (directory: string): Promise<string> =>
  readFile(join(project, directory, 'variables.tf'), 'utf8');
const lines = (text: string): readonly string[] =>
  text
    .trim()
    .split('\n')
    .map((line) => line.trim());

/** Rows that break another rule than one of their first variable, or several; and rules that no row breaks. */
async function judge(directory: string, variables: string): Promise<readonly string[]> {
  const { accepted, refused } = rows[directory] ?? { accepted: '', refused: '' };
  const rules = rulesIn(variables);
  const asked = [...lines(accepted), ...lines(refused)];
  const broken = await brokenBy(asked, directory, variables);
  const wrong = asked.flatMap((row, at) => {
    const of = [...new Set(broken[at])].map(
      (line) => rules.find((rule) => rule.line === line)?.variable ?? 'the row itself',
    );
    const wanted = lines(refused).includes(row) ? [row.replace(/^in \w+: /, '').split(' = ')[0]] : [];
    return String(of) === String(wanted) ? [] : [`${row}: refused is ${of.join(', ') || 'nothing'}`];
  });
  const unproven = rules.filter(({ line }) => !broken.flat().includes(line));
  return [
    ...wrong,
    ...unproven.map(({ variable, line }) => `${variable}: no row breaks the rule of line ${line}`),
  ];
}

const uuid = (digit: number): string => `${digit}0000000-0000-4000-8000-000000000000`;
/** What prod accepts. */
const prod =
  'environment = "prod"; domain_name = "movies.example.com"; hosted_zone_id = "Z0123456789"; capacity = { fargate_base = 3, fargate_weight = 1, spot_weight = 1 }; log_retention_days = 400';
const look = `allowed_cidrs = ["0.0.0.0/0"]; ${prod}`;
const issuer = 'oidc = { issuer = "https://login.example.com", audience = ["movies"] }';
const certificate = 'certificate/00000000-0000-0000-0000-000000000000';
const ofDev = `plan_uuid = "${uuid(4)}", apply_uuid = "${uuid(5)}"`;
const index = 'hash_key = { name = "title", type = "S" }, range_key = { name = "year", type = "N" }';
const slo = (objective: string, burnRate: string): string =>
  `slo = { window_days = 30, minimum_bad_answers = 10, objectives = { reads = { methods = ["GET"], user_impact = "Bad.", ${objective} } }, burn_rates = [{ factor = 14.4, short = "5m", ${burnRate} }] }`;
/**
 * Values at the edge of what is accepted; a row is a run. And values that are refused: those just outside, and mistakes of people. Of a refused row the
 * first variable is the one that is wrong, the others make it so.
 */
const rows: Readonly<Record<string, { readonly accepted: string; readonly refused: string }>> = {
  terraform: {
    accepted: `
      owner = "a"; cost_centre = "1"; account_id = "123456789012"; commit = "0123456"; vpc_cidr = "10.0.0.0/16"; endpoint_zones = 1; task_size = { cpu = 256, memory = 2048 }
      commit = "${'0123456789'.repeat(4)}"; vpc_cidr = "10.0.0.0/20"; egress = "nat_per_zone"; endpoint_zones = 3; task_size = { cpu = 512, memory = 4096 }; architecture = "ARM64"
      domain_name = "a.b.example.com"; hosted_zone_id = "Z0123456789EXAMPLE01"; plain_http = null; allowed_cidrs = ["0.0.0.0/0"]; task_size = { cpu = 1024, memory = 2048 }
      domain_name = "example.com"; certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/1"; client_ca = { bucket = "ca", key = "ca.pem", object_version = "1" }; task_size = { cpu = 1024, memory = 8192 }
      egress = "none"; oidc = { issuer = "https://a.example", audience = ["a", "b"] }; issuer_network = { transit_gateway_id = "tgw-1", cidrs = ["10.0.0.0/8"] }; task_size = { cpu = 2048, memory = 4096 }
      outside_probe = { movie = "1994/X" }; allowed_cidrs = ["0.0.0.0/0"]; domain_name = "example.com"; hosted_zone_id = "Z0123456"; task_size = { cpu = 2048, memory = 16384 }; project = "ab"
      replicate = true; replica_region = "eu-central-1"; log_level = "error"; trace_sample_rate = 0; monthly_budget_usd = 1; task_size = { cpu = 512, memory = 1024 }; cursor_key_stage = 7
      scaling = { min_tasks = 2, max_tasks = 2, requests_per_target = 1, cpu_percent = 10 }; log_level = "warn"; trace_sample_rate = 1; project = "${'p'.repeat(28)}"; runbook_url = "https://a.example"
      scaling = { min_tasks = 2, max_tasks = 9, requests_per_target = 1, cpu_percent = 90, schedules = { a = { schedule = "cron(0 8 * * ? *)", min_tasks = 2, max_tasks = 2 } } }; capacity = { fargate_base = 0, fargate_weight = 1, spot_weight = 0 }
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
      collector_image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/collector@sha256:${'0'.repeat(63)}"
      environment = "staging" # variables of another workspace
      in default: environment = "default" # the workspace default belongs to no environment
      image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/movies-api:latest" # a tag
      commit = "main" # a branch
      owner = " "
      cost_centre = ""
      project = "Movies"
      region = "us-east-1" # not one of those allowed
      region = "cn-north-1"; allowed_regions = ["cn-north-1"] # the partition has no Cognito
      region = "eusc-de-east-1"; allowed_regions = ["eusc-de-east-1"] # its hosts are not below amazonaws.com
      region = "us-isob-east-1"; allowed_regions = ["us-isob-east-1"]
      egress = "internet"
      egress = "none"; issuer_network = { cidrs = ["10.8.0.0/24"], transit_gateway_id = "tgw-1" } # the keys of Cognito lie on the internet
      issuer_network = null; egress = "none"; ${issuer} # no way to the issuer
      issuer_network = { cidrs = ["0.0.0.0/1"], transit_gateway_id = "tgw-1" }; egress = "none"; ${issuer} # as wide as the internet
      endpoint_zones = 4
      allowed_cidrs = []
      allowed_cidrs = ["2001:db8::/32"]; domain_name = "movies.example.com"; hosted_zone_id = "Z0123456789" # IPv6
      allowed_cidrs = ["0.0.0.0/1", "128.0.0.0/1"] # the internet in two halves, without TLS
      plain_http = "yes"
      domain_name = null; plain_http = null # tokens in clear without a word
      domain_name = "https://movies.example.com"; hosted_zone_id = "Z0123456789" # a URL
      in prod: domain_name = null; hosted_zone_id = null; ${prod} # no TLS
      hosted_zone_id = null; domain_name = "movies.example.com" # neither zone nor certificate
      certificate_arn = "arn:aws:acm:eu-west-1:123456789012:${certificate}" # for no domain
      certificate_arn = "arn:aws:acm-pca:eu-west-1:123456789012:${certificate}"; domain_name = "movies.example.com" # of another service
      certificate_arn = "arn:aws:acm:us-east-1:123456789012:${certificate}"; domain_name = "movies.example.com" # in another region
      client_ca = { bucket = "certificates", key = "clients.pem", object_version = "1" } # without TLS
      in prod: outside_probe = { movie = "Pulp Fiction" }; ${look} # no year
      in prod: outside_probe = { movie = "1994/X" }; ${prod}; allowed_cidrs = ["203.0.113.0/24"] # could not get in
      in prod: outside_probe = { movie = "1994/X" }; ${issuer}; ${look} # no client of the named issuer
      in prod: outside_probe = { movie = "1994/X" }; image = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/movies-api@sha256:${'0'.repeat(64)}"; ${look} # an image of another region
      in prod: outside_probe = { movie = "1994/X" }; client_ca = { bucket = "ca", key = "ca.pem", object_version = "1" }; ${look} # no certificate to show
      oidc = { issuer = "http://login.example.com", audience = ["movies"] } # without TLS
      oidc = { issuer = "https://login.example.com", audience = ["movies,films"] } # two audiences in one
      replicate = true # where to?
      replicate = true; replica_region = "eu-north-1"; multi_region = false # the key has no replica
      replica_region = "eu-west-1" # the region of the table itself
      architecture = "arm"
      capacity = { fargate_base = 1, fargate_weight = 0, spot_weight = 0 }
      in prod: capacity = { fargate_base = 0, fargate_weight = 0, spot_weight = 1 }; ${prod} # Spot alone
      scaling = { min_tasks = 2, max_tasks = 4, requests_per_target = 1, schedules = { night = { schedule = "cron(0 20 * * ? *)", min_tasks = 0, max_tasks = 2 } } } # a night without tasks
      scaling = { min_tasks = 2, max_tasks = 4, requests_per_target = 1, schedules = { day = { schedule = "cron(0 8 * * ? *)", min_tasks = 4, max_tasks = 3 } } } # bounds that cross
      log_level = "verbose"
      in prod: log_retention_days = 30; ${prod} # too short for prod
      monthly_budget_usd = 100; region = "us-gov-west-1"; allowed_regions = ["us-gov-west-1"] # GovCloud has no budgets
      subscriptions = { page = [{ protocol = "http", endpoint = "http://example.com" }] }
      runbook_url = "docs/runbook.md"
      collector_image = "public.ecr.aws/aws-observability/aws-otel-collector:latest"`,
  },
  'terraform/bootstrap': {
    accepted: `
      commit = "0123456"; account_id = "123456789012"; project = "abc"; state_history_days = 7; candidate_days = 1; bitbucket = null
      commit = "${'0123456789'.repeat(4)}"; project = "${'p'.repeat(28)}"; state_history_days = 365; candidate_days = 365; bitbucket = null
      bitbucket = { workspace = "a-b_1", workspace_uuid = "${uuid(1)}", repository_uuid = "${uuid(2)}", build_uuid = "${uuid(3)}", environments = { dev = { plan_uuid = "${uuid(4)}", apply_uuid = "${uuid(5)}", vpc_id = "vpc-01234567", client_ca_bucket = "abc", transit_gateway_id = "tgw-01234567" } } }
      bitbucket = { workspace = "movies", workspace_uuid = "${uuid(1)}", repository_uuid = "${uuid(2)}", build_uuid = "${uuid(3)}", oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/api.bitbucket.org/2.0/workspaces/movies/pipelines-config/identity/oidc", environments = { ${'e'.repeat(21)} = { plan_uuid = "${uuid(4)}", apply_uuid = "${uuid(5)}", vpc_id = "vpc-0123456789abcdef0", zone = { id = "Z0", domain_name = "a.example" }, client_ca_bucket = "${'b'.repeat(63)}", transit_gateway_id = "tgw-0123456789abcdef0", backup_copy_to = "arn:aws-us-gov:backup:us-gov-west-1:123456789012:backup-vault:a" } } }`,
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
      bitbucket = { workspace = "movies", workspace_uuid = "${uuid(1)}", repository_uuid = "${uuid(2)}", build_uuid = "${uuid(3)}", environments = { dev = { plan_uuid = "${uuid(4)}", apply_uuid = "${uuid(4)}" } } }
      owner = " "
      cost_centre = ""
      commit = "main" # a branch
      project = "movies_api"
      account_id = "12345678901"
      region = "us-east-1" # not one of those allowed
      region = "eusc-de-east-1"; allowed_regions = ["eusc-de-east-1"]
      bitbucket = merge(var.bitbucket, { workspace = "Movies Team" }) # its display name
      bitbucket = merge(var.bitbucket, { repository_uuid = "{${uuid(2)}}" })
      bitbucket = merge(var.bitbucket, { build_uuid = "*" })
      bitbucket = merge(var.bitbucket, { environments = {} })
      bitbucket = merge(var.bitbucket, { environments = { dev-x = { ${ofDev} } } }) # looks like part of another one
      bitbucket = merge(var.bitbucket, { environments = { staging = { ${ofDev} } } }); project = "movies-api-of-the-long-name" # too long for a load balancer
      bitbucket = merge(var.bitbucket, { environments = { state = { ${ofDev} } } }) # a name of this root
      bitbucket = merge(var.bitbucket, { oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/api.bitbucket.org/2.0/workspaces/films/pipelines-config/identity/oidc" }) # of another workspace
      bitbucket = merge(var.bitbucket, { environments = { dev = { ${ofDev}, vpc_id = "movies-api-dev" } } })
      bitbucket = merge(var.bitbucket, { environments = { dev = { ${ofDev}, zone = { id = "Z0123456789ABC", domain_name = "movies.example.com." } } } })
      bitbucket = merge(var.bitbucket, { environments = { dev = { ${ofDev}, client_ca_bucket = "bank-client-cas/ca.pem" } } })
      bitbucket = merge(var.bitbucket, { environments = { dev = { ${ofDev}, transit_gateway_id = "bank-gateway" } } })
      bitbucket = merge(var.bitbucket, { environments = { dev = { ${ofDev}, backup_copy_to = "arn:aws:backup:eu-central-1:123456789012:backup-vault:*" } } })`,
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
      partners = { cidrs = ["10.0.0.0/16"], rate_limit = 2000, write_rate_limit = 199 }
      name = "Movies"
      kms_key_arn = "alias/movies"
      log_retention_days = 7
      rate_limit = 9; write_rate_limit = 8 # write_rate_limit refers to one that is refused, and is not asked any more
      write_rate_limit = 2000 # as many as reads
      max_body_bytes = 8193
      allowed_cidrs = ["0.0.0.0/0"]
      partners = { cidrs = ["198.51.100.0/24"], rate_limit = 1000, write_rate_limit = 200 } # less than everybody
      rule_versions = { AWSManagedRulesAnonymousIpList = "Version_1.0" } # a list has no versions
      rule_overrides = { CommonRuleSet = ["SizeRestrictions_QUERYSTRING"] }`,
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
      backup = { schedule = "cron(0 3 * * ? *)", retention_days = 7, vault_lock = { min_retention_days = 1, max_retention_days = 7, changeable_for_days = 2 } }
      serving = "movies-test-at-20260301T120000Z" # a table that is not there
      restored = ["movies-test-other"] # of another name
      hash_key = { name = "year", type = "NUMBER" }
      range_key = { name = "title", type = "STRING" }
      range_key = { name = "year", type = "N" }; global_secondary_indexes = [] # one attribute as both keys
      global_secondary_indexes = [for number in range(21) : { name = "index-\${number}", ${index} }]
      global_secondary_indexes = [{ name = "title year", ${index} }]
      global_secondary_indexes = [{ name = "by-title", ${index} }, { name = "by-title", hash_key = { name = "year", type = "N" }, range_key = { name = "title", type = "S" } }]
      global_secondary_indexes = [{ name = "year-genre", hash_key = { name = "year", type = "N" }, range_key = { name = "genre", type = "SS" } }]
      global_secondary_indexes = [{ name = "title-year", hash_key = { name = "title", type = "S" }, range_key = { name = "year", type = "S" } }] # one attribute with two types
      replica_regions = { Frankfurt = "arn:aws:kms:Frankfurt:123456789012:key/mrk-1" }
      replica_regions = { eu-central-1 = "arn:aws:kms:eu-north-1:123456789012:key/mrk-1" } # a key of another region
      replica_regions = { eu-central-1 = "arn:aws:kms:eu-central-1:123456789012:key/mrk-1" }; multi_region = false # the key has no replica
      backup = { schedule = "daily", retention_days = 7 }
      backup = { schedule = "cron(0 3 * * ? *)", retention_days = 7, restore_test_schedule = "weekly" }
      backup = { schedule = "cron(0 3 * * ? *)", retention_days = 7, vault_lock = { min_retention_days = 0, max_retention_days = 30 } }
      backup = { schedule = "cron(0 3 * * ? *)", retention_days = 7, vault_lock = { min_retention_days = 14, max_retention_days = 30 } }
      backup = { schedule = "cron(0 3 * * ? *)", retention_days = 7, copy_to = "vault" }
      permissions_boundary_arn = "movies-workload"`,
  },
  'modules/api-access': {
    accepted: `
      name = "ab"; domain_prefix = "a"; mfa = "OPTIONAL"; threat_protection = "OFF"; access_token_minutes = 5; swagger_callback_urls = ["http://localhost:8080/a"]
      name = "${'a'.repeat(63)}"; domain_prefix = "${'a'.repeat(63)}"; mfa = "ON"; threat_protection = "AUDIT"; access_token_minutes = 60; swagger_callback_urls = ["https://a.example/b"]`,
    refused: `
      name = "a"
      domain_prefix = "${'a'.repeat(64)}"
      access_token_minutes = 4
      access_token_minutes = 61
      name = "Movies"
      domain_prefix = "movies.test"
      domain_prefix = "movies-on-aws" # a reserved word
      swagger_callback_urls = []
      swagger_callback_urls = ["http://movies.example.com/docs"] # in clear, beyond localhost
      swagger_callback_urls = ["http://localhost.example.com/docs"] # only begins like localhost
      swagger_callback_urls = ["https://*.example.com/docs"]
      mfa = "OFF"
      threat_protection = "ON"`,
  },
  'modules/observability': {
    accepted: `
      name = "ab"; monthly_budget_usd = 1; service = { cluster_name = "a", service_name = "a", maximum_tasks = 1, log_group_name = "/a/api" }
      name = "${'a'.repeat(41)}"; monthly_budget_usd = null; subscriptions = { page = [{ protocol = "email", endpoint = "a" }, { protocol = "https", endpoint = "b" }], ticket = [{ protocol = "lambda", endpoint = "c" }, { protocol = "sqs", endpoint = "d" }] }`,
    refused: `
      name = "a"
      name = "${'a'.repeat(42)}"
      monthly_budget_usd = 0
      service = { cluster_name = "a", service_name = "a", maximum_tasks = 0, log_group_name = "/a/api" }
      name = "Movies"
      runbook_url = "http://example.com/runbook.md"
      subscriptions = { page = [{ protocol = "http", endpoint = "http://example.com" }] }
      ${slo('kind = "speed", objective_percent = 99.9', 'severity = "page", long = "1h"')}
      ${slo('kind = "latency", objective_percent = 99', 'severity = "page", long = "1h"')} # no bound
      ${slo('kind = "availability", objective_percent = 100', 'severity = "page", long = "1h"')} # no error budget
      ${slo('kind = "availability", objective_percent = 99.9', 'severity = "loud", long = "1h"')}
      ${slo('kind = "availability", objective_percent = 99.9', 'severity = "page", long = "60"')} # no unit`,
  },
};

const directories = Object.keys(rows);

describeWith([terraform], 'what a variable may not be', () => {
  test('is known of each directory whose variables have rules', async () => {
    const all = terraformDirectories(project);
    const withRules = await Promise.all(
      all.map(async (one) => (rulesIn(await readVariables(one)).length > 0 ? [one] : [])),
    );

    expect(withRules.flat()).toEqual(directories.toSorted());
  });

  test.each(directories)(
    'in %s each edge is accepted, what is outside breaks one rule of its variable, and each rule is broken',
    async (directory) => {
      expect(await judge(directory, await readVariables(directory))).toEqual([]);
    },
    120_000,
  );

  test('a rule that refuses nothing is named, and so is the row that was to break it', async () => {
    const variables = await readVariables('modules/web-acl');
    const mistaken = variables.replace('startswith(group, "AWSManagedRules")', 'true');

    expect(await judge('modules/web-acl', mistaken)).toEqual([
      'rule_overrides = { CommonRuleSet = ["SizeRestrictions_QUERYSTRING"] }: refused is nothing',
      expect.stringMatching(/^rule_overrides: no row breaks the rule of line \d+$/),
    ]);
  }, 120_000);
});
