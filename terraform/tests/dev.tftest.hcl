# Mistakes that stop at plan, in the workspace dev (TF_WORKSPACE=dev). The real provider, because a mock one has no ephemeral
# resources; what it would ask AWS for is given here, so nothing is called.
provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  max_retries                 = 0
}

provider "aws" {
  alias                       = "replica"
  region                      = "eu-west-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  max_retries                 = 0
}

override_data {
  target = data.aws_availability_zones.all
  values = { names = ["eu-west-1a", "eu-west-1b", "eu-west-1c"] }
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_data {
  target = module.movies_table.data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_data {
  target = module.observability.data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_data {
  target = module.service.data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_data {
  target = module.vpc.data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_data {
  target = module.web_acl.data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_data {
  target = module.endpoints.data.aws_vpc_endpoint_service.this
  values = { service_name = "com.amazonaws.eu-west-1.service" }
}

variables {
  environment        = "dev"
  image              = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/movies-api@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  commit             = "0123456"
  cursor_key_stage   = 0
  tables             = { restored = [] }
  owner              = "movies-team"
  cost_centre        = "movies-development"
  egress             = "single_nat"
  plain_http         = "tokens in clear"
  allowed_cidrs      = ["203.0.113.0/24"]
  waf                = { rate_limit = 2000, write_rate_limit = 500 }
  task_size          = { cpu = 256, memory = 512 }
  capacity           = { fargate_base = 0, fargate_weight = 0, spot_weight = 1 }
  scaling            = { min_tasks = 2, max_tasks = 4, requests_per_target = 3000 }
  log_retention_days = 30
  monthly_budget_usd = 100
}

# Without this one the refusals below could be for another reason than the one they name.
run "the_same_without_a_mistake_is_planned" {
  command = plan

  assert {
    condition     = aws_s3_bucket.alb_logs.force_destroy && length(aws_vpc_security_group_ingress_rule.alb_https) == 0
    error_message = "dev without a domain has a removable log bucket and no HTTPS rule."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.deployment : can(regex("Dashboard: https://.+ Saved query: movies-api-dev/Tasks and deployments, last hour\\. Runbook: https://.+#deployment-rolled-back$", alarm.alarm_description))])
    error_message = "An alarm that takes a deployment back doesn't say what to open and where to read on."
  }

  assert {
    condition     = local.replica_region != var.region
    error_message = "A provider of the replica in the home region would take the table's key for its replica's."
  }
}

run "a_replica_that_is_taken_back_is_still_looked_for_where_it_is" {
  command = plan

  variables {
    replica_region = "eu-north-1"
  }

  assert {
    condition     = local.replica_region == "eu-north-1" && length(aws_kms_replica_key.table) == 0
    error_message = "The replica's key would be orphaned, or deleted in the wrong region."
  }
}

run "without_a_way_out_tasks_reach_the_issuer_and_nothing_else" {
  command = plan

  variables {
    egress         = "none"
    oidc           = { issuer = "https://login.bank.example", audience = ["movies"] }
    issuer_network = { cidrs = ["10.8.0.0/24"], transit_gateway_id = "tgw-0123456789abcdef0" }
  }

  assert {
    condition     = { for rule in aws_vpc_security_group_egress_rule.service_to_issuer : rule.cidr_ipv4 => rule.from_port } == { "10.8.0.0/24" = 443 }
    error_message = "Tasks may not speak TLS to the issuer, or to more than the issuer."
  }

  assert {
    condition     = toset([for route in aws_route.issuer : route.destination_cidr_block]) == toset(["10.8.0.0/24"]) && length(aws_route.issuer) == 3
    error_message = "Each zone needs a route to the issuer."
  }
}

run "variables_of_another_workspace_are_refused" {
  command = plan

  variables {
    environment = "staging"
  }

  expect_failures = [var.environment]
}

# One mistake in each variable: none hides another, and each must be reported.
run "a_mistake_in_every_variable_is_refused" {
  command = plan

  variables {
    image              = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/movies-api:latest"
    commit             = "main"
    owner              = " "
    cost_centre        = ""
    project            = "movies-api-of-the-retail-banks"
    account_id         = "retail-dev"
    vpc_cidr           = "10.0.0.0/24"
    egress             = "internet"
    endpoint_zones     = 4
    allowed_cidrs      = []
    hosted_zone_id     = "example.com"
    cursor_key_stage   = 1.5
    replicate          = true
    architecture       = "arm"
    task_size          = { cpu = 256, memory = 4096 }
    capacity           = { fargate_base = 1, fargate_weight = 0, spot_weight = 0 }
    scaling            = { min_tasks = 1, max_tasks = 4, requests_per_target = 3000 }
    log_level          = "verbose"
    log_retention_days = 7
    monthly_budget_usd = 0
    subscriptions      = { page = [{ protocol = "http", endpoint = "http://example.com" }] }
    runbook_url        = "docs/runbook.md"
    trace_sample_rate  = 5
    collector_image    = "public.ecr.aws/aws-observability/aws-otel-collector:latest"
  }

  expect_failures = [
    var.image, var.commit, var.owner, var.cost_centre, var.project, var.account_id, var.vpc_cidr,
    var.egress, var.endpoint_zones, var.allowed_cidrs, var.hosted_zone_id, var.cursor_key_stage,
    var.replicate, var.architecture, var.task_size, var.capacity, var.scaling, var.log_level,
    var.log_retention_days, var.monthly_budget_usd, var.subscriptions, var.runbook_url, var.trace_sample_rate,
    var.collector_image,
  ]
}

# Capitals; signing keys out of reach; the internet in two halves over plain HTTP; TLS options without TLS; the table's own region as its replica; a night without tasks.
run "what_does_not_fit_together_is_refused" {
  command = plan

  variables {
    project         = "Movies"
    egress          = "none"
    issuer_network  = { cidrs = ["10.8.0.0/24"], transit_gateway_id = "tgw-0123456789abcdef0" }
    allowed_cidrs   = ["0.0.0.0/1", "128.0.0.0/1"]
    certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
    client_ca       = { bucket = "certificates", key = "clients.pem", object_version = "1" }
    replica_region  = "eu-west-1"
    scaling = {
      min_tasks           = 2
      max_tasks           = 4
      requests_per_target = 3000
      schedules           = { night = { schedule = "cron(0 20 * * ? *)", min_tasks = 0, max_tasks = 2 } }
    }
  }

  expect_failures = [
    var.project, var.egress, var.allowed_cidrs, var.certificate_arn, var.client_ca, var.replica_region,
    var.scaling,
  ]
}

run "a_network_of_ipv6_and_an_issuer_network_as_wide_as_the_internet_are_refused" {
  command = plan

  variables {
    domain_name    = "movies.example.com"
    hosted_zone_id = "Z0123456789"
    allowed_cidrs  = ["2001:db8::/32"]
    egress         = "none"
    oidc           = { issuer = "https://login.example.com", audience = ["movies"] }
    issuer_network = { cidrs = ["0.0.0.0/1"], transit_gateway_id = "tgw-0123456789abcdef0" }
    scaling        = { min_tasks = 2, max_tasks = 4, requests_per_target = 3000, cpu_percent = 100 }
  }

  expect_failures = [var.allowed_cidrs, var.issuer_network, var.scaling]
}

run "another_region_another_word_and_an_issuer_without_tls_are_refused" {
  command = plan

  variables {
    region     = "us-east-1"
    plain_http = "yes"
    oidc       = { issuer = "http://login.example.com", audience = ["movies"] }
  }

  expect_failures = [var.region, var.plain_http, var.oidc]
}

run "what_a_partition_lacks_is_refused" {
  command = plan

  variables {
    region          = "cn-north-1"
    allowed_regions = ["cn-north-1"]
  }

  expect_failures = [var.region]
}

run "a_budget_in_govcloud_is_refused" {
  command = plan

  variables {
    region          = "us-gov-west-1"
    allowed_regions = ["us-gov-west-1"]
  }

  expect_failures = [var.monthly_budget_usd]
}

run "two_audiences_in_one_entry_are_refused" {
  command = plan

  variables {
    oidc = { issuer = "https://login.example.com", audience = ["movies,films"] }
  }

  expect_failures = [var.oidc]
}

run "no_way_out_and_no_way_to_the_issuer_is_refused" {
  command = plan

  variables {
    egress = "none"
    oidc   = { issuer = "https://login.example.com", audience = ["movies"] }
  }

  expect_failures = [var.issuer_network]
}

run "a_replica_of_a_key_that_has_none_is_refused" {
  command = plan

  variables {
    replicate      = true
    replica_region = "eu-north-1"
    multi_region   = false
  }

  expect_failures = [var.replicate]
}

run "tokens_in_clear_without_a_word_are_refused" {
  command = plan

  variables {
    plain_http = null
  }

  expect_failures = [var.domain_name]
}

run "a_url_for_a_domain_is_refused" {
  command = plan

  variables {
    domain_name    = "https://movies.example.com"
    hosted_zone_id = "Z0123456789"
  }

  expect_failures = [var.domain_name]
}

run "a_domain_without_zone_or_certificate_is_refused" {
  command = plan

  variables {
    domain_name = "movies.example.com"
  }

  expect_failures = [var.hosted_zone_id]
}

run "a_certificate_of_another_service_is_refused" {
  command = plan

  variables {
    domain_name     = "movies.example.com"
    certificate_arn = "arn:aws:acm-pca:eu-west-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
  }

  expect_failures = [var.certificate_arn]
}

run "a_certificate_in_another_region_is_refused" {
  command = plan

  variables {
    domain_name     = "movies.example.com"
    certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
  }

  expect_failures = [var.certificate_arn]
}
