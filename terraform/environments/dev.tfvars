environment = "dev"
owner       = "movies-team"
cost_centre = "movies-development"

# One way out, endpoints in one zone: a lost zone may cost an afternoon here.
egress         = "single_nat"
endpoint_zones = 1

waf = { rate_limit = 2000, write_rate_limit = 500 }

# The pipeline builds on x86. ARM64 costs a fifth less, for whoever builds on ARM.
architecture = "X86_64"
task_size    = { cpu = 256, memory = 512 }
capacity     = { fargate_base = 0, fargate_weight = 0, spot_weight = 1 }
scaling      = { min_tasks = 2, max_tasks = 4, requests_per_target = 20000 }
log_level    = "debug"

log_retention_days = 30
monthly_budget_usd = 200
trace_sample_rate  = 1
