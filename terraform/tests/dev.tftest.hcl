# What the recorded plans of the environments don't show, in the workspace dev (TF_WORKSPACE=dev). The real provider, because a
# mock one has no ephemeral resources; what it would ask AWS for is given here, so nothing is called.
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

run "an_alarm_that_takes_a_deployment_back_says_where_to_look_and_a_key_has_no_replica_at_home" {
  command = plan

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

run "in_a_rotation_tasks_get_both_keys_and_the_state_remembers_it" {
  command = plan

  variables {
    cursor_key_stage = 1
  }

  assert {
    condition     = [for secret in output.container_definitions[0].secrets : secret.name] == ["CURSOR_SECRETS", "CURSOR_SECRETS_ACCEPTED"]
    error_message = "At stage 1 of a rotation a task signs with one key and accepts another."
  }

  assert {
    condition     = output.cursor_key_stage == 1
    error_message = "The next release would begin with another stage than this one reached."
  }
}

run "a_domain_with_a_certificate_of_ones_own_needs_no_zone" {
  command = plan

  variables {
    domain_name     = "movies.example.com"
    certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
  }

  assert {
    condition     = length(aws_acm_certificate.main) == 0 && length(aws_route53_record.main) == 0
    error_message = "With a certificate of one's own, no certificate and no record are made."
  }

  assert {
    condition     = output.url == "https://movies.example.com"
    error_message = "The address of a service with a domain is its name, over TLS."
  }
}

run "a_look_from_outside_with_the_client_of_an_issuer_of_ones_own_makes_no_secret" {
  command = plan

  variables {
    allowed_cidrs  = ["0.0.0.0/0"]
    domain_name    = "movies.example.com"
    hosted_zone_id = "Z0123456789"
    oidc           = { issuer = "https://login.example.com", audience = ["movies-api"], swagger_client_id = "swagger" }
    outside_probe  = { movie = "1994/Pulp Fiction", client = { token_endpoint = "https://login.example.com/token", id = "outside", secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:movies-api-dev/login-AbCdEf" } }
  }

  assert {
    condition     = length(aws_secretsmanager_secret.outside) == 0 && aws_lambda_function.outside["main"].environment[0].variables.PROBE_TOKEN_ENDPOINT == "https://login.example.com/token"
    error_message = "The look signs in elsewhere, or a secret is made that nobody uses."
  }
}
