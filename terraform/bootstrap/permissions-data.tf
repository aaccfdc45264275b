data "aws_iam_policy_document" "apply_data" {
  for_each = local.environments

  statement {
    sid = "ChangeOwnTables"
    actions = [
      "dynamodb:CreateTable", "dynamodb:CreateTableReplica", "dynamodb:DeleteTable", "dynamodb:DeleteTableReplica",
      "dynamodb:TagResource", "dynamodb:UntagResource", "dynamodb:UpdateContinuousBackups", "dynamodb:UpdateTable",
      "dynamodb:UpdateTimeToLive",
    ]
    resources = [for name in ["", "-*"] : "arn:${local.partition}:dynamodb:*:${local.account}:table/${var.project}-${each.key}${name}"]
  }

  # Copying a table into a replica region is done in the caller's name; within one region nothing here reads an item.
  statement {
    sid = "FillReplicas"
    actions = [
      "dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query",
      "dynamodb:Scan", "dynamodb:UpdateItem",
    ]
    resources = [for name in ["", "-*"] : "arn:${local.partition}:dynamodb:*:${local.account}:table/${var.project}-${each.key}${name}"]

    condition {
      test     = "ForAnyValue:StringEquals"
      variable = "aws:CalledVia"
      values   = ["dynamodb.amazonaws.com"]
    }
  }

  # `make load-data`. What is in prod's table is nobody's business here.
  dynamic "statement" {
    for_each = each.key == "prod" ? [] : ["movies"]

    content {
      sid       = "LoadMovies"
      actions   = ["dynamodb:BatchWriteItem"]
      resources = ["arn:${local.partition}:dynamodb:*:${local.account}:table/${var.project}-${each.key}"]
    }
  }

  statement {
    sid       = "CreateTaggedKeys"
    actions   = ["kms:CreateKey", "kms:TagResource"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/project"
      values   = [var.project]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/environment"
      values   = [each.key]
    }

    condition {
      test     = "StringEqualsIfExists"
      variable = "aws:ResourceTag/project"
      values   = [var.project]
    }

    condition {
      test     = "StringEqualsIfExists"
      variable = "aws:ResourceTag/environment"
      values   = [each.key]
    }
  }

  statement {
    sid = "ChangeOwnKeys"
    actions = [
      "kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:DisableKey", "kms:EnableKey",
      "kms:EnableKeyRotation", "kms:PutKeyPolicy", "kms:ReplicateKey", "kms:ScheduleKeyDeletion", "kms:TagResource",
      "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription",
    ]
    resources = ["arn:${local.partition}:kms:*:${local.account}:key/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/project"
      values   = [var.project]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/environment"
      values   = [each.key]
    }
  }

  statement {
    sid       = "NameOwnKeys"
    actions   = ["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"]
    resources = [for name in ["", "-*"] : "arn:${local.partition}:kms:*:${local.account}:alias/${var.project}-${each.key}${name}"]
  }

  # To make an encrypted table, vault, topic or secret, its maker lends the service the key.
  statement {
    sid = "LendOwnKeys"
    actions = [
      "kms:CreateGrant", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext",
      "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:RetireGrant",
    ]
    resources = ["arn:${local.partition}:kms:*:${local.account}:key/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/project"
      values   = [var.project]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/environment"
      values   = [each.key]
    }

    condition {
      test     = "StringLike"
      variable = "kms:ViaService"
      values   = [for service in ["aps", "backup", "dynamodb", "secretsmanager", "sns"] : "${service}.*.amazonaws.com"]
    }
  }

  statement {
    sid = "ChangeOwnVaults"
    actions = [
      "backup:CreateBackupVault", "backup:DeleteBackupVault", "backup:DeleteBackupVaultLockConfiguration",
      "backup:PutBackupVaultLockConfiguration", "backup:TagResource", "backup:UntagResource",
    ]
    resources = [for name in ["", "-*"] : "arn:${local.partition}:backup:*:${local.account}:backup-vault:${var.project}-${each.key}${name}"]
  }

  statement {
    sid       = "CreateTaggedPlan"
    actions   = ["backup:CreateBackupPlan", "backup:TagResource"]
    resources = ["arn:${local.partition}:backup:*:${local.account}:backup-plan:*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/project"
      values   = [var.project]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/environment"
      values   = [each.key]
    }

    condition {
      test     = "StringEqualsIfExists"
      variable = "aws:ResourceTag/project"
      values   = [var.project]
    }

    condition {
      test     = "StringEqualsIfExists"
      variable = "aws:ResourceTag/environment"
      values   = [each.key]
    }
  }

  statement {
    sid = "ChangeOwnPlan"
    actions = [
      "backup:CreateBackupSelection", "backup:DeleteBackupPlan", "backup:DeleteBackupSelection",
      "backup:TagResource", "backup:UntagResource", "backup:UpdateBackupPlan",
    ]
    resources = ["arn:${local.partition}:backup:*:${local.account}:backup-plan:*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/project"
      values   = [var.project]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/environment"
      values   = [each.key]
    }
  }

  # AWS offers no resource for it; it changes nothing but the vault that is being made.
  statement {
    sid       = "StoreBackups"
    actions   = ["backup-storage:MountCapsule"]
    resources = ["*"]
  }
}
