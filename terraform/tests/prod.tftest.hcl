# What prod demands, in the workspace prod (TF_WORKSPACE=prod). The real provider, because a mock one has no ephemeral
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
  environment        = "prod"
  image              = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/movies-api@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  commit             = "0123456"
  cursor_key_stage   = 1
  tables             = { restored = [] }
  owner              = "movies-team"
  cost_centre        = "movies-development"
  egress             = "nat_per_zone"
  allowed_cidrs      = ["0.0.0.0/0"]
  domain_name        = "movies.example.com"
  hosted_zone_id     = "Z0123456789"
  waf                = { rate_limit = 2000, write_rate_limit = 500 }
  task_size          = { cpu = 256, memory = 512 }
  capacity           = { fargate_base = 3, fargate_weight = 1, spot_weight = 1 }
  scaling            = { min_tasks = 2, max_tasks = 4, requests_per_target = 3000 }
  log_retention_days = 400
  monthly_budget_usd = 100
}

run "prod_with_a_domain_is_open_over_tls_and_keeps_its_logs" {
  command = plan

  assert {
    condition     = !aws_s3_bucket.alb_logs.force_destroy
    error_message = "The access logs of prod must outlive a mistake."
  }

  assert {
    condition     = keys(aws_vpc_security_group_ingress_rule.alb_https) == ["0.0.0.0/0"] && length(aws_vpc_security_group_ingress_rule.alb_http) == 0 && keys(aws_route53_record.main) == ["movies.example.com"]
    error_message = "prod answers the internet on 443 under its name, and nobody on 80."
  }

  assert {
    condition     = output.url == "https://movies.example.com"
    error_message = "The address of prod is its name, over TLS."
  }
}

run "in_a_rotation_tasks_get_both_keys_and_the_state_remembers_it" {
  command = plan

  assert {
    condition     = [for secret in output.container_definitions[0].secrets : secret.name] == ["CURSOR_SECRETS", "CURSOR_SECRETS_ACCEPTED"]
    error_message = "At stage 1 of a rotation a task signs with one key and accepts another."
  }

  assert {
    condition     = output.cursor_key_stage == 1
    error_message = "The next release would begin with another stage than this one reached."
  }
}

run "a_certificate_of_ones_own_needs_no_zone" {
  command = plan

  variables {
    hosted_zone_id  = null
    certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
  }

  assert {
    condition     = length(aws_acm_certificate.main) == 0 && length(aws_route53_record.main) == 0
    error_message = "With a certificate of one's own, no certificate and no record are made."
  }
}

run "a_look_from_outside_with_the_client_of_an_issuer_of_ones_own_makes_no_secret" {
  command = plan

  variables {
    oidc          = { issuer = "https://login.example.com", audience = ["movies-api"], swagger_client_id = "swagger" }
    outside_probe = { movie = "1994/Pulp Fiction", client = { token_endpoint = "https://login.example.com/token", id = "outside", secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:movies-api-prod/login-AbCdEf" } }
  }

  assert {
    condition     = length(aws_secretsmanager_secret.outside) == 0 && aws_lambda_function.outside["main"].environment[0].variables.PROBE_TOKEN_ENDPOINT == "https://login.example.com/token"
    error_message = "The look signs in elsewhere, or a secret is made that nobody uses."
  }
}
