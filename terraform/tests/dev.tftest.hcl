# What is planned in the workspace dev (TF_WORKSPACE=dev). The real provider, because a mock one has no ephemeral resources; what
# it would ask AWS for is given here, so nothing is called.
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
