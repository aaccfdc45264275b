variable "name" {
  type        = string
  description = "Name of the table; it also names the key's alias, the backup vault and the backup role."

  validation {
    condition     = can(regex("^[a-zA-Z0-9_.-]{3,48}$", var.name))
    error_message = "name must have 3 to 48 letters, digits, dots, hyphens or underscores: with the region it must fit the name of a role."
  }
}

variable "restored" {
  type        = set(string)
  description = "Names of tables that DynamoDB restored beside the first one, `<name>-at-…` or `<name>-from-…`. They are imported by the caller, and kept as the first one is."
  default     = []

  validation {
    condition     = alltrue([for name in var.restored : can(regex("^${var.name}-(at|from)-[0-9A-Za-z-]+$", name))])
    error_message = "Each name of restored is ${var.name}-at-<time> or ${var.name}-from-<backup>: so the rights on this table's copies are told from those on other tables."
  }
}

variable "serving" {
  type        = string
  description = "Name of the table that serves: `name`, or one of `restored`. Null for `name`."
  default     = null

  validation {
    condition     = contains(concat([var.name], tolist(var.restored)), coalesce(var.serving, var.name))
    error_message = "serving is ${var.name} or one of restored."
  }
}

variable "hash_key" {
  type = object({
    name = string
    type = string
  })
  description = "Partition key of the table: attribute name and type (S, N or B)."

  validation {
    condition     = contains(["S", "N", "B"], var.hash_key.type)
    error_message = "hash_key.type must be S (string), N (number) or B (binary)."
  }
}

variable "range_key" {
  type = object({
    name = string
    type = string
  })
  description = "Sort key of the table: attribute name and type (S, N or B)."

  validation {
    condition     = contains(["S", "N", "B"], var.range_key.type)
    error_message = "range_key.type must be S (string), N (number) or B (binary)."
  }

  validation {
    condition     = var.range_key.name != var.hash_key.name
    error_message = "range_key.name must differ from hash_key.name."
  }
}

variable "global_secondary_indexes" {
  type = list(object({
    name = string
    hash_key = object({
      name = string
      type = string
    })
    range_key = object({
      name = string
      type = string
    })
  }))
  description = "Global secondary indexes, each with its own keys. Every attribute is projected."
  default     = []

  validation {
    condition     = length(var.global_secondary_indexes) <= 20
    error_message = "global_secondary_indexes may hold at most 20 indexes (the default quota of a table)."
  }

  validation {
    condition     = alltrue([for index in var.global_secondary_indexes : can(regex("^[a-zA-Z0-9_.-]{3,255}$", index.name))])
    error_message = "Each index name must have 3 to 255 letters, digits, dots, hyphens or underscores."
  }

  validation {
    condition     = length(distinct(var.global_secondary_indexes[*].name)) == length(var.global_secondary_indexes)
    error_message = "Each index name may be used once."
  }

  validation {
    condition = alltrue([
      for key in flatten([for index in var.global_secondary_indexes : [index.hash_key, index.range_key]]) :
      contains(["S", "N", "B"], key.type)
    ])
    error_message = "Each key of an index must be of type S (string), N (number) or B (binary)."
  }

  validation {
    condition = length(distinct(concat(
      [var.hash_key, var.range_key],
      flatten([for index in var.global_secondary_indexes : [index.hash_key, index.range_key]]),
      ))) == length(distinct(concat(
      [var.hash_key.name, var.range_key.name],
      flatten([for index in var.global_secondary_indexes : [index.hash_key.name, index.range_key.name]]),
    )))
    error_message = "An attribute that is a key in several places must have the same type in all of them."
  }
}

variable "multi_region" {
  type        = bool
  description = "Whether the table's key can have replicas in other regions. A key can't become one later."
  default     = true
}

variable "deletion_protection_enabled" {
  type        = bool
  description = "Whether DynamoDB refuses to delete the table. False only where the data can be made again."
  default     = true
}

variable "point_in_time_recovery_days" {
  type        = number
  description = "How many days back the table can be restored to any second. Recovery itself is always on."
  default     = 35

  validation {
    condition = (
      var.point_in_time_recovery_days >= 1 &&
      var.point_in_time_recovery_days <= 35 &&
      floor(var.point_in_time_recovery_days) == var.point_in_time_recovery_days
    )
    error_message = "point_in_time_recovery_days must be a whole number from 1 to 35."
  }
}

variable "replica_regions" {
  type        = map(string)
  description = <<-EOT
    Regions that hold a replica of the table, each with the ARN of the key that encrypts it there. The key is made by
    the caller, whose provider works in that region: an `aws_kms_replica_key` of `kms_key_arn` with `kms_key_policy`.
  EOT
  default     = {}

  validation {
    condition     = length(var.replica_regions) == 0 || var.multi_region
    error_message = "replica_regions needs multi_region: only such a key has replicas."
  }

  validation {
    condition     = alltrue([for region in keys(var.replica_regions) : can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", region))])
    error_message = "Each key of replica_regions must be a region's code, such as eu-central-1."
  }

  validation {
    condition = alltrue([
      for region, key in var.replica_regions : can(regex("^arn:[a-z-]+:kms:${region}:[0-9]{12}:key/.+$", key))
    ])
    error_message = "Each value of replica_regions must be the ARN of a KMS key in the region it stands for."
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
  description = <<-EOT
    Backups outside the table's own life: `schedule` (a cron expression of AWS Backup, UTC), `retention_days`, the ARN
    of a vault in another account or region that each is copied to (`copy_to`), when the newest one is restored as a
    test (`restore_test_schedule`), and a
    `vault_lock` that keeps backups between `min_retention_days` and `max_retention_days` old. With
    `changeable_for_days` (3 or more) the lock can't be lifted by anybody after that many days (compliance mode);
    without it, only by those who may remove locks (governance mode). Null: no backups beyond point-in-time recovery.
  EOT
  default     = null

  validation {
    condition     = var.backup == null ? true : can(regex("^cron\\([^()]+\\)$", var.backup.schedule))
    error_message = "backup.schedule must be a cron expression of AWS Backup, such as cron(0 3 * * ? *)."
  }

  validation {
    condition     = var.backup == null ? true : can(regex("^cron\\([^()]+\\)$", var.backup.restore_test_schedule))
    error_message = "backup.restore_test_schedule must be a cron expression of AWS Backup, such as cron(0 6 ? * SUN *)."
  }

  validation {
    condition     = try(var.backup.retention_days >= 1 && floor(var.backup.retention_days) == var.backup.retention_days, true)
    error_message = "backup.retention_days must be a whole number of days, 1 or more."
  }

  validation {
    condition     = try(var.backup.copy_to, null) == null ? true : can(regex("^arn:[^:]+:backup:[^:]+:[0-9]{12}:backup-vault:.+$", var.backup.copy_to))
    error_message = "backup.copy_to must be the ARN of a backup vault."
  }

  validation {
    condition     = try(var.backup.vault_lock.min_retention_days >= 1, true)
    error_message = "backup.vault_lock.min_retention_days must be 1 or more."
  }

  validation {
    # AWS accepts a retention outside the lock's bounds at plan and apply, and then every backup job fails.
    condition = try(
      var.backup.retention_days >= var.backup.vault_lock.min_retention_days &&
      var.backup.retention_days <= var.backup.vault_lock.max_retention_days,
      true
    )
    error_message = "backup.retention_days must lie between the vault lock's min_retention_days and max_retention_days."
  }

  validation {
    condition     = try(var.backup.vault_lock.changeable_for_days >= 3, true)
    error_message = "backup.vault_lock.changeable_for_days must be 3 or more: AWS grants at least three days to think again."
  }
}

variable "permissions_boundary_arn" {
  type        = string
  description = "Boundary of the backup role. A pipeline may create roles with the project's boundary only."
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null ? true : can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of an IAM policy."
  }
}
