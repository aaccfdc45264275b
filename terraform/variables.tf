# What differs by account comes from the environment (TF_VAR_…); what differs by environment from environments/*.tfvars.

# ---- Which environment, which version ----

variable "environment" {
  type        = string
  description = "Environment to build; it equals the workspace and has a file environments/<environment>.tfvars."

  validation {
    condition     = fileexists("${path.root}/environments/${var.environment}.tfvars")
    error_message = "There is no environments/${var.environment}.tfvars: an environment is a tfvars file and a workspace of the same name."
  }

  validation {
    condition     = var.environment == terraform.workspace
    error_message = "The workspace is \"${terraform.workspace}\", the variables are those of \"${var.environment}\": run `terraform workspace select ${var.environment}` or give the other file. The workspace default belongs to no environment."
  }
}

variable "image" {
  type        = string
  description = "Image of the service by digest: <account>.dkr.ecr.<region>.amazonaws.com/<repository>@sha256:<64 hex digits>."

  validation {
    condition     = can(regex("^[0-9]{12}\\.dkr\\.ecr\\.[a-z0-9-]+\\.amazonaws\\.com(\\.cn)?/[a-z0-9][a-z0-9._/-]*@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image is in a private ECR registry and named by digest (…@sha256:<64 hex digits>). A tag can be moved to other content after the review; `make image` prints the digest."
  }
}

variable "commit" {
  type        = string
  description = "Commit that this deployment is made from; a tag of the task definition, the service and its tasks."

  validation {
    condition     = can(regex("^[0-9a-f]{7,40}$", var.commit))
    error_message = "commit is a git commit hash of 7 to 40 hex digits (`git rev-parse HEAD`)."
  }
}

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

variable "repository" {
  type        = string
  description = "Source repository, workspace/name; a tag of every resource."
  default     = "movies/movies-api"
}

variable "project" {
  type        = string
  description = "First part of every name: resources are called <project>-<environment>."
  default     = "movies-api"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*[a-z0-9]$", var.project)) && !startswith(var.project, "internal-")
    error_message = "project is made of lower-case letters, digits and hyphens, starts with a letter, and not with internal- (reserved for load balancers)."
  }

  validation {
    condition     = length("${var.project}-${var.environment}") <= 32
    error_message = "\"${var.project}-${var.environment}\" has ${length("${var.project}-${var.environment}")} characters; the name of a load balancer has at most 32. Shorten project."
  }
}

variable "account_id" {
  type        = string
  description = "Account that must be the target; with credentials of another one nothing is planned. Null for whichever the credentials are of."
  default     = null

  validation {
    condition     = var.account_id == null || can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id has twelve digits."
  }
}

variable "region" {
  type        = string
  description = "Region of everything."
  default     = "eu-west-1"

  validation {
    condition     = contains(var.allowed_regions, var.region)
    error_message = "\"${var.region}\" is not among allowed_regions (${join(", ", var.allowed_regions)}): data stays where the organisation allows it. Elsewhere set both, e.g. TF_VAR_region=us-east-1 TF_VAR_allowed_regions='[\"us-east-1\"]'."
  }

  validation {
    condition     = !can(regex("^(cn|eusc|[a-z]+-iso[a-z]?)-", var.region))
    error_message = "\"${var.region}\" is in a partition where this does not run: aws-cn has neither Cognito user pools nor Managed Prometheus, and the host names of others, such as aws-eusc, do not end in amazonaws.com. Take a region of aws or aws-us-gov."
  }
}

variable "allowed_regions" {
  type        = set(string)
  description = "Regions where data may be kept: those of the EU with three zones and ARM64 tasks."
  default     = ["eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3"]
}

variable "exclude_zone_ids" {
  type        = set(string)
  description = "Zones to leave out, by id: those without Fargate (apne1-az3, for example)."
  default     = []
}

variable "permissions_boundary_arn" {
  type        = string
  description = "Boundary of every role made here; a pipeline may create roles with the project's boundary only (output of bootstrap/). Null for none."
  default     = null
}

# ---- network ----

variable "vpc_cidr" {
  type        = string
  description = "Address range of the VPC; a /16 gives each zone 4,091 task addresses."
  default     = "10.0.0.0/16"

  validation {
    condition     = can(cidrnetmask(var.vpc_cidr)) && try(tonumber(split("/", var.vpc_cidr)[1]) >= 16 && tonumber(split("/", var.vpc_cidr)[1]) <= 20, false)
    error_message = "vpc_cidr is an IPv4 network between /16 and /20, like 10.0.0.0/16: smaller ones leave no room to grow."
  }
}

variable "egress" {
  type        = string
  description = "How tasks reach what has no endpoint in the VPC: single_nat, nat_per_zone, or none (endpoints only). Costs: docs/architecture.md."

  validation {
    condition     = contains(["single_nat", "nat_per_zone", "none"], var.egress)
    error_message = "egress is single_nat, nat_per_zone or none."
  }

  validation {
    condition     = var.egress != "none" || var.oidc != null
    error_message = "egress none needs an issuer of your own (oidc) that the VPC reaches: the signing keys of Cognito are fetched over the internet."
  }
}

variable "issuer_network" {
  type        = object({ cidrs = set(string), transit_gateway_id = string })
  description = "Networks of the token issuer behind a transit gateway, for egress none: the VPC is attached, and tasks may speak TLS to them. Null with a NAT."
  default     = null

  validation {
    condition     = (var.issuer_network != null) == (var.egress == "none")
    error_message = "issuer_network goes with egress none, and only with it: without the issuer's signing keys no request can be served, and with a NAT they come over the internet."
  }

  validation {
    condition = var.issuer_network == null || try(
      length(var.issuer_network.cidrs) > 0 && alltrue([for cidr in var.issuer_network.cidrs : can(cidrnetmask(cidr)) && tonumber(split("/", cidr)[1]) >= 8]),
      false
    )
    error_message = "issuer_network.cidrs names at least one IPv4 network of the issuer, none wider than /8: it is no way out to everywhere."
  }
}

variable "endpoint_zones" {
  type        = number
  description = "Zones with interface endpoints: 3 survives the loss of a zone, 1 costs a third."
  default     = 3

  validation {
    condition     = contains([1, 2, 3], var.endpoint_zones)
    error_message = "endpoint_zones is 1, 2 or 3."
  }
}

# ---- edge ----

variable "allowed_cidrs" {
  type        = set(string)
  description = "IPv4 networks that reach the load balancer. Without a domain (TLS) at most a million addresses in all."
  default     = []

  validation {
    condition     = length(var.allowed_cidrs) > 0
    error_message = "allowed_cidrs is empty: nobody could reach the service. Name networks, e.g. TF_VAR_allowed_cidrs='[\"203.0.113.7/32\"]'."
  }

  validation {
    condition     = alltrue([for cidr in var.allowed_cidrs : can(cidrnetmask(cidr))])
    error_message = "allowed_cidrs holds IPv4 networks like 203.0.113.0/24; the load balancer has no IPv6 address (::/0 is refused as well)."
  }

  # By how many addresses they hold together: two halves of the internet are the internet.
  validation {
    condition     = var.domain_name != null || sum(concat([0], [for cidr in var.allowed_cidrs : try(pow(2, 32 - tonumber(split("/", cidr)[1])), 0)])) <= pow(2, 20)
    error_message = "Without domain_name the service speaks plain HTTP, and that is opened to at most 1,048,576 addresses in all (a /12): name fewer networks, or set domain_name and hosted_zone_id."
  }
}

variable "plain_http" {
  type        = string
  description = "The words `tokens in clear`, where there is no domain_name: whoever is on the way can read each caller's token and use it. For a trial in a named network only."
  default     = null

  validation {
    condition     = var.plain_http == null || var.plain_http == "tokens in clear"
    error_message = "plain_http is \"tokens in clear\" or null."
  }
}

variable "domain_name" {
  type        = string
  description = "Host name of the service, like movies.example.com; null for plain HTTP (plain_http) to allowed_cidrs, outside prod. Without it nobody can sign in at the deployed Swagger UI: Cognito sends people back over TLS only."
  default     = null

  validation {
    condition     = var.domain_name == null || can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,}$", var.domain_name))
    error_message = "domain_name is a full host name in lower case, like movies.example.com."
  }

  validation {
    condition     = var.domain_name != null || var.environment != "prod"
    error_message = "prod speaks TLS only: set domain_name and hosted_zone_id (or certificate_arn)."
  }

  validation {
    condition     = var.domain_name != null || var.environment == "prod" || var.plain_http != null
    error_message = "Without domain_name tokens travel in clear: set domain_name and hosted_zone_id, or say that you know with TF_VAR_plain_http='tokens in clear'."
  }
}

variable "hosted_zone_id" {
  type        = string
  description = "Public Route 53 zone that holds domain_name: the certificate is validated and the alias record made in it."
  default     = null

  validation {
    condition     = var.hosted_zone_id == null || can(regex("^[A-Z0-9]{8,32}$", var.hosted_zone_id))
    error_message = "hosted_zone_id is the id of a Route 53 zone, like Z0123456789ABC: capitals and digits, not the zone's name."
  }

  validation {
    condition     = var.domain_name == null || var.hosted_zone_id != null || var.certificate_arn != null
    error_message = "domain_name needs hosted_zone_id (a certificate is made and validated) or certificate_arn (one that you already have)."
  }
}

variable "certificate_arn" {
  type        = string
  description = "ACM certificate for domain_name in the region of the load balancer; null to have one made in hosted_zone_id."
  default     = null

  validation {
    condition     = var.certificate_arn == null || can(regex("^arn:[^:]+:acm:[^:]+:[0-9]{12}:certificate/", var.certificate_arn))
    error_message = "certificate_arn is the ARN of an ACM certificate (arn:aws:acm:<region>:<account>:certificate/<id>)."
  }

  validation {
    condition     = var.certificate_arn == null || try(split(":", var.certificate_arn)[3] == var.region, false)
    error_message = "The certificate is in ${try(split(":", var.certificate_arn)[3], "another region")}, the load balancer in ${var.region}: a load balancer takes certificates of its own region only."
  }

  validation {
    condition     = var.certificate_arn == null || var.domain_name != null
    error_message = "certificate_arn needs domain_name: the name that the certificate is for."
  }
}

variable "client_ca" {
  type = object({
    bucket         = string
    key            = string
    object_version = string
    revocations    = optional(map(string), {})
  })
  description = "CA certificates (PEM, in S3, by the object's version: a new one is a change) whose clients may connect: turns on mutual TLS. Revocation lists (CRL) by key, with their versions. Null for none."
  default     = null

  validation {
    condition     = var.client_ca == null || var.domain_name != null
    error_message = "client_ca needs domain_name: there is no mutual TLS without TLS."
  }
}

variable "waf" {
  type = object({
    rate_limit        = number
    write_rate_limit  = number
    partners          = optional(object({ cidrs = set(string), rate_limit = number, write_rate_limit = number }))
    rule_versions     = optional(map(string), {})
    rule_overrides    = optional(map(set(string)), {})
    allowed_countries = optional(set(string), [])
    allowed_cidrs     = optional(set(string), [])
  })
  description = "Requests (and writes) per address in five minutes, and other limits for partners' networks; versions of AWS's rule groups and rules of theirs that only count; countries and networks that may call, empty for all."
}

variable "maintainer_cidrs" {
  type        = set(string)
  description = "IPv4 networks that get through while maintenance mode is on (`make maintenance`), none wider than /16; everybody else is answered 503."
  default     = []
}

# ---- the outside probe ----

variable "outside_probe" {
  type = object({
    movie  = string
    client = optional(object({ token_endpoint = string, id = string, secret_arn = string }))
  })
  description = "A caller outside that signs in each minute and reads this movie, like `1994/Pulp Fiction`; two misses page. Null for none. The client is for an issuer of your own (oidc), its secret a secret of this region under <project>-<environment>/, with the key of this service; else one is made."
  default     = null

  validation {
    condition     = var.outside_probe == null || can(regex("^[0-9]{4}/.+", var.outside_probe.movie))
    error_message = "outside_probe.movie is a year and a title, like 1994/Pulp Fiction."
  }

  validation {
    condition     = var.outside_probe == null || (contains(var.allowed_cidrs, "0.0.0.0/0") && var.client_ca == null)
    error_message = "outside_probe calls from any address of AWS and has no client certificate: it needs allowed_cidrs with 0.0.0.0/0 and no client_ca. Elsewhere run npm run outside-probe with a scheduler of your own, and leave this null."
  }

  validation {
    condition     = var.outside_probe == null || (var.oidc == null) == (try(var.outside_probe.client, null) == null)
    error_message = "outside_probe.client goes with oidc, and only with it: the client that signs in at your issuer. At the user pool one is made."
  }

  validation {
    condition     = var.outside_probe == null || try(split(".", var.image)[3] == var.region, false)
    error_message = "outside_probe runs the image by Lambda, which takes it from a registry of its own region only: push it to one in ${var.region}."
  }
}

# ---- experiments ----

variable "experiments" {
  type        = bool
  description = "Whether the account has experiments: templates of FIS for a lost task and lost zones, started by a person. Null for everywhere but in prod."
  default     = null
}

# ---- access ----

variable "oidc" {
  type = object({
    issuer            = string
    audience          = list(string)
    jwks_uri          = optional(string)
    swagger_client_id = optional(string)
  })
  description = "OpenID Connect issuer to trust instead of a Cognito user pool of our own; null for Cognito."
  default     = null

  validation {
    condition     = var.oidc == null || try(startswith(var.oidc.issuer, "https://") && length(var.oidc.audience) > 0, false)
    error_message = "oidc.issuer is an https:// URL and oidc.audience names at least one audience."
  }

  # The service is told them in one setting, parted by commas.
  validation {
    condition     = var.oidc == null || try(alltrue([for audience in var.oidc.audience : can(regex("^[^,\\s]+$", audience))]), false)
    error_message = "An entry of oidc.audience has no comma and no blank, and isn't empty: write each audience as an entry of its own."
  }
}

# ---- data ----

variable "multi_region" {
  type        = bool
  description = "Whether the table's key can have replicas. It can't be changed later; false where the organisation forbids multi-Region keys."
  default     = true
}

variable "replicate" {
  type        = bool
  description = "Whether replica_region holds a replica of the table. To take it back, set this to false and leave replica_region as it is."
  default     = false

  validation {
    condition     = !var.replicate || var.replica_region != null
    error_message = "replicate needs replica_region: where the replica lives."
  }

  validation {
    condition     = !var.replicate || var.multi_region
    error_message = "replicate needs multi_region: only such a key has replicas."
  }
}

variable "replica_region" {
  type        = string
  description = "Region of the table's replica. While there is one it stays: to move it, take it back first (replicate = false)."
  default     = null

  validation {
    condition     = var.replica_region == null || (contains(var.allowed_regions, coalesce(var.replica_region, "none")) && var.replica_region != var.region)
    error_message = "replica_region is among allowed_regions (${join(", ", var.allowed_regions)}) and not ${var.region} itself."
  }
}

variable "backup" {
  type = object({
    schedule              = string
    retention_days        = number
    copy_to               = optional(string)
    restore_test_schedule = optional(string, "cron(0 6 ? * SUN *)")
    vault_lock = optional(object({
      min_retention_days  = number
      max_retention_days  = number
      changeable_for_days = optional(number)
    }))
  })
  description = "AWS Backup of the table beyond point-in-time recovery, as in modules/movies-table; null for none. A pipeline's bootstrap is told of `copy_to`, too (`backup_copy_to`), and that vault's own policy must let this account in."
  default     = null
}

variable "tables" {
  type        = object({ restored = set(string), serving = optional(string) })
  description = "Tables restored beside the first one, and the one that serves (null: the first). The state owns it: each plan is given its output of the same name, and TABLE=… alone changes it (`make restore`)."
}

variable "cursor_key_stage" {
  type        = number
  description = "How far the keys that sign page cursors were rotated. The state owns it: each plan is given its output of the same name, and `make rotate-cursor-key` alone one more."

  validation {
    condition     = var.cursor_key_stage >= 0 && floor(var.cursor_key_stage) == var.cursor_key_stage
    error_message = "cursor_key_stage is a whole number from 0 up."
  }
}

# ---- service ----

variable "architecture" {
  type        = string
  description = "Processor of the tasks, the one that the image is built for: ARM64 (a fifth cheaper) or X86_64."
  default     = "ARM64"

  validation {
    condition     = contains(["ARM64", "X86_64"], var.architecture)
    error_message = "architecture is ARM64 or X86_64."
  }
}

variable "task_size" {
  type        = object({ cpu = number, memory = number })
  description = "Size of one task: CPU units (1,024 to a vCPU) and memory in MiB."

  validation {
    condition = contains(lookup({
      256  = [512, 1024, 2048]
      512  = [1024, 2048, 3072, 4096]
      1024 = [2048, 3072, 4096, 5120, 6144, 7168, 8192]
      2048 = [4096, 5120, 6144, 7168, 8192, 9216, 10240, 11264, 12288, 13312, 14336, 15360, 16384]
    }, tostring(var.task_size.cpu), []), var.task_size.memory)
    error_message = "Fargate has no task of ${var.task_size.cpu} CPU units and ${var.task_size.memory} MiB: 256 takes 512, 1024 or 2048; 512 takes 1024 to 4096; 1024 takes 2048 to 8192; 2048 takes 4096 to 16384."
  }
}

variable "capacity" {
  type = object({
    fargate_base   = number
    fargate_weight = number
    spot_weight    = number
  })
  description = "Tasks that always run on FARGATE, then the shares of FARGATE and FARGATE_SPOT."

  validation {
    condition     = var.capacity.fargate_weight + var.capacity.spot_weight > 0 && min(var.capacity.fargate_base, var.capacity.fargate_weight, var.capacity.spot_weight) >= 0
    error_message = "capacity has no negative number, and one of the weights is above 0."
  }

  validation {
    condition     = var.environment != "prod" || var.capacity.fargate_base >= 2
    error_message = "prod keeps a base of at least 2 tasks on FARGATE: Spot capacity can be taken back at any time."
  }
}

variable "scaling" {
  type = object({
    min_tasks           = number
    max_tasks           = number
    cpu_percent         = optional(number, 60)
    requests_per_target = number
    schedules = optional(map(object({
      schedule  = string
      timezone  = optional(string, "UTC")
      min_tasks = number
      max_tasks = number
    })), {})
  })
  description = "Bounds and targets of the autoscaler: CPU in percent, which leads, and requests per target and minute, which stop a task from being overrun before its CPU is seen; schedules move the bounds (cron or rate expressions)."

  validation {
    condition     = var.scaling.min_tasks >= 2 && var.scaling.max_tasks >= var.scaling.min_tasks
    error_message = "scaling.min_tasks is at least 2 (two zones) and not above max_tasks."
  }

  validation {
    condition     = alltrue([for schedule in values(var.scaling.schedules) : schedule.min_tasks >= 2 && schedule.max_tasks >= schedule.min_tasks])
    error_message = "Each schedule keeps at least 2 tasks, and its max_tasks is not below its min_tasks."
  }

  validation {
    condition     = var.scaling.cpu_percent >= 10 && var.scaling.cpu_percent <= 90
    error_message = "scaling.cpu_percent is between 10 and 90."
  }
}

variable "log_level" {
  type        = string
  description = "Least severe level that the service logs."
  default     = "info"

  validation {
    condition     = contains(["debug", "info", "warn", "error"], var.log_level)
    error_message = "log_level is debug, info, warn or error."
  }
}

# ---- observability ----

variable "log_retention_days" {
  type        = number
  description = "Days that logs are kept."

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days is one of the periods that CloudWatch Logs offers, at least 30."
  }

  validation {
    condition     = var.environment != "prod" || var.log_retention_days >= 365
    error_message = "prod keeps logs for at least 365 days (PCI DSS 10.5.1)."
  }
}

variable "monthly_budget_usd" {
  type        = number
  description = "Cost per month, in US dollars, of everything with this environment's tag; a ticket is opened at 80 %, when it is spent, and when the forecast says so. Null in GovCloud alone, which has no budgets."

  validation {
    condition     = var.monthly_budget_usd == null || try(var.monthly_budget_usd > 0, false)
    error_message = "monthly_budget_usd is more than 0: a budget of nothing alarms for ever."
  }

  validation {
    condition     = (var.monthly_budget_usd == null) == startswith(var.region, "us-gov-")
    error_message = "AWS Budgets is missing in the partition aws-us-gov, and nowhere else: monthly_budget_usd is null in a region us-gov-…, and a number elsewhere. A GovCloud account is billed through its standard account: keep a budget there."
  }
}

variable "subscriptions" {
  type = object({
    page   = optional(set(object({ protocol = string, endpoint = string })), [])
    ticket = optional(set(object({ protocol = string, endpoint = string })), [])
  })
  description = "Who is told, by severity: `{ page = [{ protocol = \"email\", endpoint = \"on-call@example.com\" }] }`, or the https endpoint of a chat or paging tool."
  default     = {}

  validation {
    condition     = alltrue([for one in setunion(var.subscriptions.page, var.subscriptions.ticket) : contains(["email", "https", "lambda", "sqs"], one.protocol)])
    error_message = "subscriptions: protocol is email, https, lambda or sqs; over plain http anybody could read along."
  }
}

variable "runbook_url" {
  type        = string
  description = "Where docs/runbook.md can be read; alarms link to its paragraphs. Null for the repository at this commit."
  default     = null

  validation {
    condition     = var.runbook_url == null || try(startswith(var.runbook_url, "https://"), false)
    error_message = "runbook_url starts with https://."
  }
}

variable "trace_sample_rate" {
  type        = number
  description = "Share of requests that are traced, 0 to 1, where the caller has not decided already."
  default     = 0.05

  validation {
    condition     = var.trace_sample_rate >= 0 && var.trace_sample_rate <= 1
    error_message = "trace_sample_rate is a share between 0 and 1."
  }
}

variable "collector_image" {
  type        = string
  description = "ADOT collector by digest in a private ECR registry; null for the copy that `make push` puts beside the service's image (app/collector/image.json)."
  default     = null

  validation {
    condition     = var.collector_image == null || can(regex("^[0-9]{12}\\.dkr\\.ecr\\.[a-z0-9-]+\\.amazonaws\\.com(\\.cn)?/[a-z0-9][a-z0-9._/-]*@sha256:[0-9a-f]{64}$", var.collector_image))
    error_message = "collector_image is in a private ECR registry and named by digest (…@sha256:<64 hex digits>): a task that starts must not wait for a public registry."
  }
}
