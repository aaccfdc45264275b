environment = "prod"
owner       = "movies-team"
cost_centre = "movies-production"

# A lost zone takes neither the way out nor the endpoints of the others along.
egress = "nat_per_zone"

# Open to the internet, over TLS only.
allowed_cidrs = ["0.0.0.0/0"]

# A version can be pinned by rule_versions, once `aws wafv2 list-available-managed-rule-group-versions` shows it: one that expired blocks each update, and an alarm tells 30 days before.
waf = {
  rate_limit       = 2000
  write_rate_limit = 200
}

# Nobody lifts the lock after three days, not even the account's owner.
backup = {
  schedule       = "cron(0 3 * * ? *)"
  retention_days = 35
  vault_lock     = { min_retention_days = 7, max_retention_days = 365, changeable_for_days = 3 }
}

# The pipeline builds on x86. ARM64 costs a fifth less, for whoever builds on ARM.
architecture = "X86_64"
task_size    = { cpu = 512, memory = 1024 }
capacity     = { fargate_base = 3, fargate_weight = 1, spot_weight = 1 }
scaling      = { min_tasks = 3, max_tasks = 12, requests_per_target = 40000 }

# A release looks at the alarm: null for the very first one, until the movie is loaded.
outside_probe = { movie = "1994/Pulp Fiction" }

log_retention_days = 400
monthly_budget_usd = 600
