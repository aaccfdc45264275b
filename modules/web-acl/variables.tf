variable "name" {
  type        = string
  description = "Name of the web ACL; its log group is aws-waf-logs-<name>."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,63}$", var.name))
    error_message = "name is 2 to 64 lower-case letters, digits and hyphens, and starts with a letter."
  }
}

variable "kms_key_arn" {
  type        = string
  description = "Key that encrypts the log group. Its policy lets CloudWatch Logs use it for aws-waf-logs-<name>."

  validation {
    condition     = can(regex("^arn:[^:]+:kms:[^:]+:[0-9]{12}:key/", var.kms_key_arn))
    error_message = "kms_key_arn is the ARN of a KMS key (arn:aws:kms:<region>:<account>:key/<id>), not an alias or an id."
  }
}

variable "log_retention_days" {
  type        = number
  description = "Days that the log of decisions is kept."

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days is one of the periods that CloudWatch Logs offers, at least 30."
  }
}

variable "rate_limit" {
  type        = number
  description = "Requests that one IP address may send in five minutes."

  validation {
    condition     = var.rate_limit >= 10 && var.rate_limit <= 2000000000
    error_message = "rate_limit is at least 10 (AWS WAF accepts nothing lower) and at most 2,000,000,000."
  }
}

variable "write_rate_limit" {
  type        = number
  description = "Requests other than GET, HEAD and OPTIONS that one IP address may send in five minutes."

  validation {
    condition     = var.write_rate_limit >= 10 && var.write_rate_limit < var.rate_limit
    error_message = "write_rate_limit is at least 10 and below rate_limit: a write costs more than a read."
  }
}

variable "partners" {
  type        = object({ cidrs = set(string), rate_limit = number, write_rate_limit = number })
  description = "IPv4 networks of callers that share an address, and their own limits for each address; null for none."
  default     = null

  validation {
    condition     = var.partners == null || try(alltrue([for cidr in var.partners.cidrs : can(cidrnetmask(cidr)) && tonumber(split("/", cidr)[1]) >= 16]), false)
    error_message = "partners.cidrs holds IPv4 networks like 203.0.113.0/24, none wider than /16: other limits are for callers that you know."
  }

  validation {
    condition     = var.partners == null || try(var.partners.rate_limit >= var.rate_limit && var.partners.write_rate_limit >= var.write_rate_limit, false)
    error_message = "partners.rate_limit and write_rate_limit are not below those of everybody."
  }
}

variable "rule_versions" {
  type        = map(string)
  description = "Static versions of AWS's rule groups, by group (`{ AWSManagedRulesCommonRuleSet = \"Version_1.19\" }`). Without one AWS changes the rules when it releases others. The lists of addresses have no versions."
  default     = {}

  validation {
    condition = alltrue([for group, version in var.rule_versions :
      contains(["AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesSQLiRuleSet", "AWSManagedRulesCommonRuleSet"], group) && can(regex("^Version_[0-9]+\\.[0-9]+$", version))
    ])
    error_message = "rule_versions holds versions like Version_1.19 of the rule groups that have versions: AWSManagedRulesKnownBadInputsRuleSet, AWSManagedRulesSQLiRuleSet and AWSManagedRulesCommonRuleSet."
  }
}

variable "rule_overrides" {
  type        = map(set(string))
  description = "Rules of AWS's rule groups that only count, by group: what to do at night about one that stops good callers (`{ AWSManagedRulesCommonRuleSet = [\"SizeRestrictions_QUERYSTRING\"] }`)."
  default     = {}

  validation {
    condition     = alltrue([for group in keys(var.rule_overrides) : startswith(group, "AWSManagedRules")])
    error_message = "rule_overrides names rules by AWS's rule group, like AWSManagedRulesCommonRuleSet."
  }
}

variable "max_body_bytes" {
  type        = number
  description = "Largest request body in bytes. AWS WAF sees only the first 8,192 bytes of a body behind a load balancer."
  default     = 8192

  validation {
    condition     = var.max_body_bytes >= 1024 && var.max_body_bytes <= 8192
    error_message = "max_body_bytes is between 1,024 and 8,192: what is beyond 8,192 bytes would pass without inspection."
  }
}

variable "allowed_countries" {
  type        = set(string)
  description = "ISO 3166-1 alpha-2 codes of the countries that may call; empty for all."
  default     = []

  validation {
    condition     = alltrue([for code in var.allowed_countries : can(regex("^[A-Z]{2}$", code))])
    error_message = "allowed_countries holds two-letter ISO 3166-1 codes in capitals, like IE or DE."
  }
}

variable "allowed_cidrs" {
  type        = set(string)
  description = "IPv4 networks that may call; empty for all."
  default     = []

  validation {
    condition     = alltrue([for cidr in var.allowed_cidrs : can(cidrnetmask(cidr)) && tonumber(split("/", cidr)[1]) > 0])
    error_message = "allowed_cidrs holds IPv4 networks like 203.0.113.0/24; AWS WAF accepts no /0. Leave the list empty to allow all."
  }
}

variable "maintainer_cidrs" {
  type        = set(string)
  description = "IPv4 networks that get through in maintenance; empty for none."
  default     = []

  validation {
    condition     = alltrue([for cidr in var.maintainer_cidrs : can(cidrnetmask(cidr)) && tonumber(split("/", cidr)[1]) >= 16])
    error_message = "maintainer_cidrs holds IPv4 networks like 203.0.113.0/24, none wider than /16: through it come those who repair."
  }
}

variable "permissions_boundary_arn" {
  type        = string
  description = "Boundary of the role that ends maintenance. A pipeline may create roles with the project's boundary only."
  default     = null
}
