locals {
  # Each resource of the backup exists once when backups are asked for.
  backups = var.backup == null ? {} : { main = var.backup }
  locks   = { for name, backup in local.backups : name => backup.vault_lock if backup.vault_lock != null }
}

# A key of its own: whoever loses or deletes the table's key doesn't lose the backups with it.
resource "aws_kms_key" "backup" {
  for_each = local.backups

  description             = "Encrypts the backups of the table ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.backup_key.json
}

resource "aws_kms_alias" "backup" {
  for_each = local.backups

  name          = "alias/${var.name}-backup"
  target_key_id = aws_kms_key.backup[each.key].key_id
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
  }
}

resource "aws_backup_selection" "table" {
  for_each = local.backups

  name         = var.name
  plan_id      = aws_backup_plan.main[each.key].id
  iam_role_arn = aws_iam_role.backup[each.key].arn
  resources    = [aws_dynamodb_table.main.arn]
}

resource "aws_iam_role" "backup" {
  for_each = local.backups

  name                 = "${var.name}-backup"
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
# table. It can't restore: a restore is a person's decision and brings its own role.
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
    resources = [aws_dynamodb_table.main.arn]
  }

  statement {
    sid       = "ManageOwnBackups"
    actions   = ["dynamodb:DeleteBackup", "dynamodb:DescribeBackup"]
    resources = ["${aws_dynamodb_table.main.arn}/backup/*"]
  }

  statement {
    sid       = "FillVault"
    actions   = ["backup:CopyIntoBackupVault", "backup:DescribeBackupVault"]
    resources = [aws_backup_vault.main[each.key].arn]
  }

  statement {
    sid       = "ReadEncryptedTable"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
    resources = [aws_kms_key.table.arn]
  }
}

data "aws_iam_policy_document" "backup_key" {
  statement {
    sid = "AdministerKey"
    actions = [
      "kms:CancelKeyDeletion",
      "kms:CreateAlias",
      "kms:DeleteAlias",
      "kms:DescribeKey",
      "kms:EnableKey",
      "kms:EnableKeyRotation",
      "kms:GetKeyPolicy",
      "kms:GetKeyRotationStatus",
      "kms:ListGrants",
      "kms:ListKeyPolicies",
      "kms:ListResourceTags",
      "kms:PutKeyPolicy",
      "kms:RevokeGrant",
      "kms:ScheduleKeyDeletion",
      "kms:TagResource",
      "kms:UntagResource",
      "kms:UpdateAlias",
      "kms:UpdateKeyDescription",
    ]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"]
    }
  }

  statement {
    sid = "UseThroughBackup"
    actions = [
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:Encrypt",
      "kms:GenerateDataKey",
      "kms:GenerateDataKeyWithoutPlaintext",
      "kms:ReEncryptFrom",
      "kms:ReEncryptTo",
    ]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["backup.${data.aws_region.current.name}.amazonaws.com"]
    }
  }

  statement {
    sid       = "GrantToBackup"
    actions   = ["kms:CreateGrant"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"]
    }

    condition {
      test     = "Bool"
      variable = "kms:GrantIsForAWSResource"
      values   = ["true"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["backup.${data.aws_region.current.name}.amazonaws.com"]
    }
  }
}
