variable "owner" {
  type        = string
  description = "Team that answers for these resources; a tag of every resource."

  validation {
    condition     = length(trimspace(var.owner)) > 0
    error_message = "owner names a team: somebody must answer for what runs."
  }
}

variable "cost_centre" {
  type        = string
  description = "Where the bill goes; a tag of every resource."

  validation {
    condition     = length(trimspace(var.cost_centre)) > 0
    error_message = "cost_centre is not empty: somebody must pay for what runs."
  }
}

variable "commit" {
  type        = string
  description = "Commit that this is made from; a tag of every resource."

  validation {
    condition     = can(regex("^[0-9a-f]{7,40}$", var.commit))
    error_message = "commit is a git commit hash of 7 to 40 hex digits (`git rev-parse HEAD`)."
  }
}

variable "repository" {
  type        = string
  description = "Source repository, workspace/name; a tag of every resource."
  default     = "movies/movies-api"
}

variable "project" {
  type        = string
  description = "First part of every name, as in the service root; the pipeline's roles reach names that begin with it."
  default     = "movies-api"

  validation {
    # The state bucket's name is the longest: 63 - length("-state-123456789012-ap-southeast-2").
    condition     = can(regex("^[a-z][a-z0-9-]{1,26}[a-z0-9]$", var.project))
    error_message = "project has 3 to 28 lower-case letters, digits and hyphens, starts with a letter and ends with none of the hyphens."
  }
}

variable "account_id" {
  type        = string
  description = "Account that must be the target; with credentials of another one nothing is planned. Null for whichever the credentials are of."
  default     = null

  validation {
    condition     = var.account_id == null ? true : can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id has twelve digits."
  }
}

variable "region" {
  type        = string
  description = "Region of the state, the images and the signing key."
  default     = "eu-west-1"

  validation {
    condition     = contains(var.allowed_regions, var.region)
    error_message = "\"${var.region}\" is not among allowed_regions (${join(", ", var.allowed_regions)}): data stays where the organisation allows it."
  }

  validation {
    condition     = !can(regex("^(cn|eusc|[a-z]+-iso[a-z]?)-", var.region))
    error_message = "\"${var.region}\" is in a partition where the service does not run. Take a region of aws or aws-us-gov."
  }
}

variable "allowed_regions" {
  type        = set(string)
  description = "Regions where data may be kept, as in the service root; the pipeline can do nothing in any other."
  default     = ["eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3"]
}

variable "state_history_days" {
  type        = number
  description = "How long a replaced version of a state file can still be restored, in days."
  default     = 90

  validation {
    condition     = var.state_history_days >= 7 && floor(var.state_history_days) == var.state_history_days
    error_message = "state_history_days is a whole number of 7 or more: a damaged state may be noticed a week later."
  }
}

variable "candidate_days" {
  type        = number
  description = "How long an image that was never deployed is kept, in days."
  default     = 30

  validation {
    condition     = var.candidate_days >= 1 && floor(var.candidate_days) == var.candidate_days
    error_message = "candidate_days is a whole number of 1 or more."
  }
}

variable "state_is_disposable" {
  type        = bool
  description = "Whether destroying this also destroys states and images still in it. True only for an account that is thrown away, such as the emulator's."
  default     = false
}

variable "bitbucket" {
  type = object({
    workspace         = string
    workspace_uuid    = string
    repository_uuid   = string
    build_uuid        = string
    oidc_provider_arn = optional(string)
    environments = map(object({
      plan_uuid          = string
      apply_uuid         = string
      vpc_id             = optional(string)
      zone               = optional(object({ id = string, domain_name = string }))
      client_ca_bucket   = optional(string)
      transit_gateway_id = optional(string)
      backup_copy_to     = optional(string)
    }))
  })
  description = <<-EOT
    The Bitbucket repository whose pipeline may work here, without long-lived keys: the workspace's slug and the UUIDs
    (without braces) of workspace, repository and deployment environments. `build_uuid` is the environment of the step that
    pushes and signs images; `environments` holds, for each environment of the service that lives in this account, the
    deployment environment that may plan it and the one that may apply it. Restrict every one of them to the main branch.
    `oidc_provider_arn`: the account's provider for this workspace, where it has one already.
    `vpc_id`: the environment's network, once the first apply has made it; until then its apply role may change default
    groups, lists and route tables that nobody tagged. `zone`: the hosted zone and the name in it that the environment
    serves. `client_ca_bucket`: where the service root's `client_ca` lies. `transit_gateway_id`: the gateway of its
    `issuer_network`. `backup_copy_to`: the vault of the service root's `backup.copy_to`. Null: no pipeline.
  EOT
  default     = null

  validation {
    condition     = var.bitbucket == null ? true : can(regex("^[a-z0-9_-]+$", var.bitbucket.workspace))
    error_message = "bitbucket.workspace is the workspace's slug, as in bitbucket.org/<workspace>."
  }

  validation {
    condition = var.bitbucket == null ? true : alltrue([
      for uuid in concat(
        [var.bitbucket.workspace_uuid, var.bitbucket.repository_uuid, var.bitbucket.build_uuid],
        flatten([for environment in values(var.bitbucket.environments) : [environment.plan_uuid, environment.apply_uuid]]),
      ) : can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", uuid))
    ])
    error_message = "Each UUID of bitbucket is lower-case and without braces, like 12345678-90ab-cdef-1234-567890abcdef."
  }

  validation {
    # A step of the plan environment must never be able to take the role that applies.
    condition = var.bitbucket == null ? true : (
      length(distinct(concat(
        [var.bitbucket.build_uuid],
        flatten([for environment in values(var.bitbucket.environments) : [environment.plan_uuid, environment.apply_uuid]]),
      ))) == 1 + 2 * length(var.bitbucket.environments)
    )
    error_message = "Each role of the pipeline needs a deployment environment of its own: no UUID of build, plan and apply may be used twice."
  }

  validation {
    condition     = var.bitbucket == null ? true : length(var.bitbucket.environments) > 0
    error_message = "bitbucket.environments names at least one environment of the service."
  }

  validation {
    # Longest role name: <project>-<environment>-apply, at most 64; the load balancer allows 32 for <project>-<environment>.
    condition = var.bitbucket == null ? true : alltrue([
      for name in keys(var.bitbucket.environments) :
      can(regex("^[a-z][a-z0-9]*$", name)) && length("${var.project}-${name}") <= 32
    ])
    error_message = "Each environment's name has lower-case letters and digits only (a hyphen would let dev-x count as part of dev), and <project>-<environment> at most 32 characters."
  }

  validation {
    # <project>-state-… is the state bucket, the tag "shared" is this root's own, "default" is Terraform's workspace.
    condition = var.bitbucket == null ? true : length(setintersection(
      keys(var.bitbucket.environments),
      ["boundary", "build", "default", "images", "pipeline", "shared", "signing", "state", "workload"],
    )) == 0
    error_message = "No environment is called boundary, build, default, images, pipeline, shared, signing, state or workload: resources of this root have these names."
  }

  validation {
    condition = var.bitbucket == null ? true : (var.bitbucket.oidc_provider_arn == null ? true :
      endswith(var.bitbucket.oidc_provider_arn, ":oidc-provider/api.bitbucket.org/2.0/workspaces/${var.bitbucket.workspace}/pipelines-config/identity/oidc")
    )
    error_message = "bitbucket.oidc_provider_arn is the ARN of this workspace's provider: …:oidc-provider/api.bitbucket.org/2.0/workspaces/<workspace>/pipelines-config/identity/oidc."
  }

  validation {
    condition = var.bitbucket == null ? true : alltrue([
      for environment in values(var.bitbucket.environments) :
      environment.vpc_id == null ? true : can(regex("^vpc-[0-9a-f]{8,17}$", environment.vpc_id))
    ])
    error_message = "vpc_id of an environment is the id of a VPC, like vpc-0123456789abcdef0."
  }

  validation {
    condition = var.bitbucket == null ? true : alltrue([
      for zone in compact([for environment in values(var.bitbucket.environments) : try("${environment.zone.id} ${environment.zone.domain_name}", "")]) :
      can(regex("^Z[A-Z0-9]+ [a-z0-9-]+([.][a-z0-9-]+)+$", zone))
    ])
    error_message = "zone of an environment has the id of a hosted zone (like Z0123456789ABC) and a domain name in lower case without a dot at its end."
  }

  validation {
    condition = var.bitbucket == null ? true : alltrue([
      for environment in values(var.bitbucket.environments) :
      environment.client_ca_bucket == null ? true : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", environment.client_ca_bucket))
    ])
    error_message = "client_ca_bucket of an environment is the name of a bucket, without s3:// and without a path."
  }

  validation {
    condition = var.bitbucket == null ? true : alltrue([
      for environment in values(var.bitbucket.environments) :
      environment.transit_gateway_id == null ? true : can(regex("^tgw-[0-9a-f]{8,17}$", environment.transit_gateway_id))
    ])
    error_message = "transit_gateway_id of an environment is the id of a transit gateway, like tgw-0123456789abcdef0."
  }

  validation {
    condition = var.bitbucket == null ? true : alltrue([
      for environment in values(var.bitbucket.environments) :
      environment.backup_copy_to == null ? true : can(regex("^arn:[^:]+:backup:[^:]+:[0-9]{12}:backup-vault:[^:*?]+$", environment.backup_copy_to))
    ])
    error_message = "backup_copy_to of an environment is the ARN of one backup vault."
  }
}
