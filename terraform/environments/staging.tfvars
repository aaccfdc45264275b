environment = "staging"
owner       = "movies-team"
cost_centre = "movies-development"

# As prod in shape, smaller in size and with one way out.
egress = "single_nat"

# AWS's newest rules are met in dev first; those against known attacks are always its newest.
waf = {
  rate_limit       = 2000
  write_rate_limit = 300
  rule_versions    = { AWSManagedRulesCommonRuleSet = "Version_1.19", AWSManagedRulesSQLiRuleSet = "Version_2.3" }
}

task_size = { cpu = 512, memory = 1024 }
capacity  = { fargate_base = 1, fargate_weight = 1, spot_weight = 3 }
scaling   = { min_tasks = 2, max_tasks = 6, requests_per_target = 40000 }

log_retention_days = 90
monthly_budget_usd = 250
