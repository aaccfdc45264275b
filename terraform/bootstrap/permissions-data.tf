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
    resources = [for name in ["", "-at-*", "-from-*"] : "arn:${local.partition}:dynamodb:*:${local.account}:table/${var.project}-${each.key}${name}"]
  }

  # Copying a table into a replica region is done in the caller's name; within one region nothing here reads an item.
  statement {
    sid = "FillReplicas"
    actions = [
      "dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query",
      "dynamodb:Scan", "dynamodb:UpdateItem",
    ]
    resources = [for name in ["", "-at-*", "-from-*"] : "arn:${local.partition}:dynamodb:*:${local.account}:table/${var.project}-${each.key}${name}"]

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
    resources = ["arn:${local.partition}:backup:*:${local.account}:backup-vault:${var.project}-${each.key}"]
  }

  # AWS adds a random end to the name, which has no hyphen of its own.
  statement {
    sid = "ChangeOwnRestoreTests"
    actions = [
      "backup:CreateRestoreTestingPlan", "backup:CreateRestoreTestingSelection", "backup:DeleteRestoreTestingPlan",
      "backup:DeleteRestoreTestingSelection", "backup:TagResource", "backup:UntagResource",
      "backup:UpdateRestoreTestingPlan", "backup:UpdateRestoreTestingSelection",
    ]
    resources = ["arn:${local.partition}:backup:*:${local.account}:restore-testing-plan:${replace("${var.project}-${each.key}", "-", "_")}-*"]
  }

  # AWS offers no resource for it; it changes nothing but the vault that is being made.
  statement {
    sid       = "StoreBackups"
    actions   = ["backup-storage:MountCapsule"]
    resources = ["*"]
  }
}

# For a person who restores the table (`make restore`), as a policy to attach: no role of the pipeline reads movies of prod. It
# writes restored tables only, which DynamoDB fills in the caller's name. The state, which says what serves, is read by another right.
resource "aws_iam_policy" "restorer" {
  for_each = local.environments

  name        = "${var.project}-${each.key}-restorer"
  path        = "/pipeline/"
  description = "What a person needs to restore the table of ${each.key} and compare it"
  policy      = data.aws_iam_policy_document.restorer[each.key].json
}

data "aws_iam_policy_document" "restorer" {
  for_each = local.environments

  source_policy_documents = [data.aws_iam_policy_document.tagged["${each.key}-restorer"].json]

  statement {
    sid = "RestoreAndCompare"
    actions = [
      "dynamodb:DescribeContinuousBackups", "dynamodb:DescribeTable", "dynamodb:RestoreTableFromBackup",
      "dynamodb:RestoreTableToPointInTime", "dynamodb:Scan",
    ]
    resources = [for name in ["", "/backup/*", "-at-*", "-from-*"] : "arn:${local.partition}:dynamodb:*:${local.account}:table/${var.project}-${each.key}${name}"]
  }

  statement {
    sid = "FillCopies"
    actions = [
      "dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query",
      "dynamodb:UpdateItem",
    ]
    resources = [for name in ["-at-*", "-from-*"] : "arn:${local.partition}:dynamodb:*:${local.account}:table/${var.project}-${each.key}${name}"]
  }

  # AWS offers no resource for it.
  statement {
    sid       = "FollowRestores"
    actions   = ["backup:DescribeRestoreJob"]
    resources = ["*"]
  }

  statement {
    sid       = "HandRestoreRoleToBackup"
    actions   = ["iam:PassRole"]
    resources = ["arn:${local.partition}:iam::${local.account}:role/${var.project}-${each.key}-restore-*"]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["backup.amazonaws.com"]
    }
  }
}
