data "aws_iam_policy_document" "apply_data" {
  for_each = local.environments

  source_policy_documents = [data.aws_iam_policy_document.tagged["${each.key}-apply-data"].json]

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
    sid       = "NameOwnKeys"
    actions   = ["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"]
    resources = [for name in ["", "-*"] : "arn:${local.partition}:kms:*:${local.account}:alias/${var.project}-${each.key}${name}"]
  }

  statement {
    sid = "ChangeOwnVaults"
    actions = [
      "backup:CreateBackupVault", "backup:DeleteBackupVault", "backup:DeleteBackupVaultLockConfiguration",
      "backup:PutBackupVaultLockConfiguration", "backup:TagResource", "backup:UntagResource",
    ]
    resources = [for name in ["", "-*"] : "arn:${local.partition}:backup:*:${local.account}:backup-vault:${var.project}-${each.key}${name}"]
  }

  # AWS offers no resource for it; it changes nothing but the vault that is being made.
  statement {
    sid       = "StoreBackups"
    actions   = ["backup-storage:MountCapsule"]
    resources = ["*"]
  }
}
