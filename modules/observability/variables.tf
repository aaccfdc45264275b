variable "name" {
  type        = string
  description = "Prefix of every name, such as `movies-dev`."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,40}$", var.name))
    error_message = "name: 2 to 41 lower-case letters, digits and hyphens, starting with a letter."
  }
}

variable "load_balancer" {
  type = object({
    arn_suffix              = string
    target_group_arn_suffix = string
  })
  description = "The load balancer and its target group, as CloudWatch names them (`app/…`, `targetgroup/…`)."
}

variable "service" {
  type = object({
    cluster_name   = string
    service_name   = string
    maximum_tasks  = number
    log_group_name = string
  })
  description = "The ECS service, the most tasks its scaling may start, and the log group that its tasks write to."

  validation {
    condition     = var.service.maximum_tasks >= 1
    error_message = "service.maximum_tasks: at least 1."
  }
}

variable "zones" {
  type        = set(string)
  description = "Availability zones that must each have a healthy task at all times. Empty where there are fewer tasks than zones."
}

variable "table" {
  type = object({
    name    = string
    indexes = set(string)
  })
  description = "The movies table and its indexes."
}

variable "web_acl_name" {
  type        = string
  description = "Name of the firewall's metric."
}

variable "maintenance" {
  type = object({
    rule_metric    = string
    schedule_group = string
  })
  description = "Maintenance mode: the metric of the firewall's rule that answers 503, and the group of the schedules that end it."
}

variable "slo" {
  type = object({
    window_days         = number
    minimum_bad_answers = number
    objectives = map(object({
      kind              = string
      methods           = set(string)
      objective_percent = number
      bound_ms          = optional(number)
      user_impact       = string
    }))
    burn_rates = list(object({
      severity = string
      factor   = number
      long     = string
      short    = string
    }))
  })
  description = "What users are promised: the content of docs/slo.yaml."

  validation {
    condition     = alltrue([for objective in var.slo.objectives : contains(["availability", "latency"], objective.kind)])
    error_message = "slo.objectives: kind is availability or latency."
  }

  validation {
    condition     = alltrue([for objective in var.slo.objectives : objective.kind != "latency" || objective.bound_ms != null])
    error_message = "slo.objectives: a latency objective needs bound_ms."
  }

  validation {
    condition     = alltrue([for objective in var.slo.objectives : objective.objective_percent > 0 && objective.objective_percent < 100])
    error_message = "slo.objectives: objective_percent lies between 0 and 100; at 100 there is no error budget to burn."
  }

  validation {
    condition     = alltrue([for burn in var.slo.burn_rates : contains(["page", "ticket"], burn.severity)])
    error_message = "slo.burn_rates: severity is page or ticket."
  }

  validation {
    condition     = alltrue([for burn in var.slo.burn_rates : can(regex("^[1-9][0-9]*[mhd]$", burn.long)) && can(regex("^[1-9][0-9]*[mhd]$", burn.short))])
    error_message = "slo.burn_rates: long and short are windows such as 5m, 6h or 3d."
  }
}

variable "runbook_url" {
  type        = string
  description = "Where docs/runbook.md can be read; each alarm links to its paragraph there."

  validation {
    condition     = startswith(var.runbook_url, "https://")
    error_message = "runbook_url: starts with https://."
  }
}

variable "log_retention_days" {
  type        = number
  description = "How long the log of stopped tasks and deployments is kept, in days."
}

variable "kms_key_arn" {
  type        = string
  description = "Key that encrypts logs, topics and metrics of this module; must let CloudWatch Logs use it for `/<name>/*`, and cloudwatch and budgets publish with it."
}

variable "permissions_boundary_arn" {
  type        = string
  description = "Boundary of the role that tells people of deployments. A pipeline may create roles with the project's boundary only."
  default     = null
}

variable "outside" {
  type        = object({ log_group_name = string })
  description = "Log of the outside probes, one line of JSON for each, with ok, cause and answerMs; null where there is none."
  default     = null
}

variable "backup_vault" {
  type        = string
  description = "Vault whose failed backup jobs are told; null without backups."
  default     = null
}

variable "restore_role" {
  type        = string
  description = "Name of the role whose failed restores are told; null without backups."
  default     = null
}

variable "monthly_budget_usd" {
  type        = number
  description = "Cost per month, in US dollars, above which (and at 80 % of which, and when forecast) a ticket is opened; null where AWS has no budgets."

  validation {
    condition     = var.monthly_budget_usd == null || try(var.monthly_budget_usd > 0, false)
    error_message = "monthly_budget_usd: more than 0."
  }
}

variable "cost_tag" {
  type = object({
    key   = string
    value = string
  })
  description = "The cost allocation tag that picks the cost of this project in this environment out of the account's."
}

variable "certificate" {
  type        = object({ arn = string })
  description = "Certificate whose expiry is watched; null without a domain. An object, so that an ARN still unknown is not taken for none."
  default     = null
}

variable "rule_versions" {
  type        = map(string)
  description = "Versions of AWS's firewall rules that are pinned, by group; an alarm tells 30 days before AWS ends one. A metric each, so 0.10 USD a month."
  default     = {}
}

variable "subscriptions" {
  type = object({
    page   = optional(set(object({ protocol = string, endpoint = string })), [])
    ticket = optional(set(object({ protocol = string, endpoint = string })), [])
  })
  description = "Who is told, by severity: `{ protocol = \"email\", endpoint = \"on-call@example.com\" }`, or an https endpoint of a chat or paging tool."
  default     = {}

  validation {
    condition     = alltrue([for subscription in setunion(var.subscriptions.page, var.subscriptions.ticket) : contains(["email", "https", "lambda", "sqs"], subscription.protocol)])
    error_message = "subscriptions: protocol is email, https, lambda or sqs (plain http is not)."
  }
}

variable "table_throughput_limit" {
  type        = number
  description = "Read (and write) units per second that the account's quota grants the table; an alarm tells at 80 %."
  default     = 40000
}
