environment = "prod"
owner       = "movies-team"
cost_centre = "movies-production"

# A lost zone takes neither the way out nor the endpoints of the others along.
egress = "nat_per_zone"

# Open to the internet, over TLS only.
allowed_cidrs = ["0.0.0.0/0"]

# AWS's newest rules are met in dev first; those against known attacks are always its newest.
waf = {
  rate_limit       = 2000
  write_rate_limit = 200
  rule_versions    = { AWSManagedRulesCommonRuleSet = "Version_1.19", AWSManagedRulesSQLiRuleSet = "Version_2.3" }
}

# Nobody lifts the lock after three days, not even the account's owner.
backup = {
  schedule       = "cron(0 3 * * ? *)"
  retention_days = 35
  vault_lock     = { min_retention_days = 7, max_retention_days = 365, changeable_for_days = 3 }
}

task_size = { cpu = 512, memory = 1024 }
capacity  = { fargate_base = 3, fargate_weight = 1, spot_weight = 1 }
scaling   = { min_tasks = 3, max_tasks = 12, requests_per_target = 40000 }

log_retention_days = 400
monthly_budget_usd = 600
