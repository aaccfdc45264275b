# The table's key and, where there are backups, one for them: whoever loses or deletes the one doesn't lose the other.

# Multi-region from the start, because a key can't become one later, and a new key means re-encrypting the table.
resource "aws_kms_key" "table" {
  description             = "Encrypts the table ${var.name}"
  multi_region            = var.multi_region
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.key["table"].json
}

resource "aws_kms_alias" "table" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.table.key_id
}

resource "aws_kms_key" "backup" {
  for_each = local.backups

  description             = "Encrypts the backups of the table ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.key["backup"].json
}

resource "aws_kms_alias" "backup" {
  for_each = local.backups

  name          = "alias/${var.name}-backup"
  target_key_id = aws_kms_key.backup[each.key].key_id
}

locals {
  account_root = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"
}

# No statement names "kms:*": not even an administrator reads the table past the service that the key is for. The account
# stands for everybody in it: whoever uses a key also needs that in an IAM policy of their own.
data "aws_iam_policy_document" "key" {
  # A replica's key takes the table's policy over, and a key answers in its own region only: so any region. Naming the
  # replicas here would make a circle: their keys are made from this one.
  for_each = {
    table  = "dynamodb.*.${data.aws_partition.current.dns_suffix}"
    backup = "backup.${data.aws_region.current.name}.${data.aws_partition.current.dns_suffix}"
  }

  statement {
    sid = "AdministerKey"
    actions = concat([
      "kms:CancelKeyDeletion",
      "kms:CreateAlias",
      "kms:DeleteAlias",
      "kms:DescribeKey",
      "kms:DisableKey",
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
    ], each.key == "table" && var.multi_region ? ["kms:ReplicateKey", "kms:UpdatePrimaryRegion"] : [])
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.account_root]
    }
  }

  statement {
    sid = "UseThroughService"
    actions = [
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:Encrypt",
      "kms:GenerateDataKey",
      "kms:GenerateDataKeyWithoutPlaintext",
      "kms:ReEncryptFrom",
      "kms:ReEncryptTo",
      "kms:RetireGrant",
    ]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.account_root]
    }

    condition {
      test     = "StringLike"
      variable = "kms:ViaService"
      values   = [each.value]
    }
  }

  # DynamoDB and AWS Backup work on somebody's behalf by grants.
  statement {
    sid       = "GrantToService"
    actions   = ["kms:CreateGrant"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.account_root]
    }

    condition {
      test     = "Bool"
      variable = "kms:GrantIsForAWSResource"
      values   = ["true"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:ViaService"
      values   = [each.value]
    }
  }
}
