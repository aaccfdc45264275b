locals {
  # Each resource of the backup exists once when backups are asked for.
  backups = var.backup == null ? {} : { main = var.backup }
  locks   = { for name, backup in local.backups : name => backup.vault_lock if backup.vault_lock != null }

  # Tables that a backup may be restored into: those of AWS Backup's tests, and those of `make restore`.
  copies = [for name in ["awsbackup-restore-test-*", "${var.name}-from-*"] :
    "arn:${data.aws_partition.current.partition}:dynamodb:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:table/${name}"
  ]
}

resource "aws_backup_vault" "main" {
  for_each = local.backups

  name        = var.name
  kms_key_arn = aws_kms_key.backup[each.key].arn
}

resource "aws_backup_vault_lock_configuration" "main" {
  for_each = local.locks

  backup_vault_name   = aws_backup_vault.main[each.key].name
  min_retention_days  = each.value.min_retention_days
  max_retention_days  = each.value.max_retention_days
  changeable_for_days = each.value.changeable_for_days
}

resource "aws_backup_plan" "main" {
  for_each = local.backups

  name = var.name

  rule {
    rule_name         = "scheduled"
    target_vault_name = aws_backup_vault.main[each.key].name
    schedule          = each.value.schedule

    lifecycle {
      delete_after = each.value.retention_days
    }

    dynamic "copy_action" {
      for_each = compact([each.value.copy_to])

      content {
        destination_vault_arn = copy_action.value

        lifecycle {
          delete_after = each.value.retention_days
        }
      }
    }
  }
}

resource "aws_backup_selection" "table" {
  for_each = local.backups

  name         = var.name
  plan_id      = aws_backup_plan.main[each.key].id
  iam_role_arn = aws_iam_role.backup[each.key].arn
  resources    = [for table in aws_dynamodb_table.main : table.arn]
}

# A backup that was never restored is a hope: AWS Backup restores the newest one into a table of its own (`awsbackup-restore-test-…`),
# and deletes that after an hour. A test that fails is told by modules/observability.
resource "aws_backup_restore_testing_plan" "main" {
  for_each = local.backups

  name                = replace(var.name, "/[^0-9A-Za-z]/", "_")
  schedule_expression = each.value.restore_test_schedule

  recovery_point_selection {
    algorithm             = "LATEST_WITHIN_WINDOW"
    include_vaults        = [aws_backup_vault.main[each.key].arn]
    recovery_point_types  = ["SNAPSHOT"]
    selection_window_days = 7
  }
}

resource "aws_backup_restore_testing_selection" "table" {
  for_each = local.backups

  name                      = "table"
  restore_testing_plan_name = aws_backup_restore_testing_plan.main[each.key].name
  protected_resource_type   = "DynamoDB"
  protected_resource_arns   = [for table in aws_dynamodb_table.main : table.arn]
  iam_role_arn              = aws_iam_role.restore[each.key].arn
  validation_window_hours   = 1
}

resource "aws_iam_role" "restore" {
  for_each = local.backups

  name                 = "${var.name}-restore-${replace(data.aws_region.current.name, "/-|orth|outh|ast|est|entral/", "")}" # global, so with its region
  description          = "AWS Backup restores the table ${var.name} from its vault, beside the table"
  assume_role_policy   = data.aws_iam_policy_document.assume_backup.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "restore" {
  for_each = local.backups

  name   = "restore"
  role   = aws_iam_role.restore[each.key].name
  policy = data.aws_iam_policy_document.restore[each.key].json
}

# Into new tables only: what serves is not written. The part of the managed policy for restores that one table takes.
data "aws_iam_policy_document" "restore" {
  for_each = local.backups

  statement {
    sid       = "RestoreThisTable"
    actions   = ["dynamodb:RestoreTableFromAwsBackup"]
    resources = [for table in aws_dynamodb_table.main : table.arn]
  }

  statement {
    sid = "FillCopies"
    actions = [
      "dynamodb:BatchWriteItem",
      "dynamodb:DeleteItem",
      "dynamodb:DescribeTable",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "dynamodb:RestoreTableFromAwsBackup",
      "dynamodb:Scan",
      "dynamodb:UpdateItem",
    ]
    resources = local.copies
  }

  statement {
    sid       = "OpenBackups"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
    resources = [aws_kms_key.backup[each.key].arn]
  }
}

resource "aws_iam_role" "backup" {
  for_each = local.backups

  name                 = "${var.name}-backup-${replace(data.aws_region.current.name, "/-|orth|outh|ast|est|entral/", "")}" # global, so with its region
  description          = "AWS Backup copies the table ${var.name} into its vault"
  assume_role_policy   = data.aws_iam_policy_document.assume_backup.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "backup" {
  for_each = local.backups

  name   = "backup"
  role   = aws_iam_role.backup[each.key].name
  policy = data.aws_iam_policy_document.backup[each.key].json
}

data "aws_iam_policy_document" "assume_backup" {
  statement {
    sid     = "AssumeAsBackupService"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["backup.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

# The managed policy of AWS Backup covers every table, volume and database of the account; this is its part for one
# table. It can't restore: that is the role above.
data "aws_iam_policy_document" "backup" {
  for_each = local.backups

  statement {
    sid = "BackUpTable"
    actions = [
      "dynamodb:CreateBackup",
      "dynamodb:DescribeTable",
      "dynamodb:ListTagsOfResource",
      "dynamodb:StartAwsBackupJob",
    ]
    resources = [for table in aws_dynamodb_table.main : table.arn]
  }

  statement {
    sid       = "ManageOwnBackups"
    actions   = ["dynamodb:DeleteBackup", "dynamodb:DescribeBackup"]
    resources = [for table in aws_dynamodb_table.main : "${table.arn}/backup/*"]
  }

  statement {
    sid       = "FillVault"
    actions   = ["backup:CopyIntoBackupVault", "backup:DescribeBackupVault"]
    resources = compact([aws_backup_vault.main[each.key].arn, each.value.copy_to])
  }

  # Limited by the target: a recovery point has an id, but no name.
  dynamic "statement" {
    for_each = each.value.copy_to[*]

    content {
      sid       = "CopyElsewhere"
      actions   = ["backup:CopyFromBackupVault"]
      resources = ["arn:${data.aws_partition.current.partition}:backup:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:recovery-point:*"]

      condition {
        test     = "ForAnyValue:StringEquals"
        variable = "backup:CopyTargets"
        values   = [statement.value]
      }
    }
  }

  statement {
    sid       = "ReadEncryptedTable"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
    resources = [aws_kms_key.table.arn]
  }
}
