# The workspace default belongs to no environment: the one rule that can't be broken alone in another workspace.
variables {
  environment        = "default"
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

run "an_environment_without_tfvars_is_refused" {
  command = plan

  expect_failures = [var.environment]
}
