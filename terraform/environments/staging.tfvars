environment = "staging"
owner       = "movies-team"
cost_centre = "movies-development"

# As prod in shape, smaller in size and with one way out.
egress = "single_nat"

# A version can be pinned by rule_versions, once `aws wafv2 list-available-managed-rule-group-versions` shows it: one that expired blocks each update.
waf = {
  rate_limit       = 2000
  write_rate_limit = 300
}

# The pipeline builds on x86. ARM64 costs a fifth less, for whoever builds on ARM.
architecture = "X86_64"
task_size    = { cpu = 512, memory = 1024 }
capacity     = { fargate_base = 1, fargate_weight = 1, spot_weight = 3 }
scaling      = { min_tasks = 2, max_tasks = 6, requests_per_target = 40000 }

log_retention_days = 90
monthly_budget_usd = 250
