# The keys of this root: what encrypts states and images, and what signs images (cosign, awskms:///alias/…). KMS doesn't
# rotate asymmetric keys: a new key is a new alias, and old signatures stay verifiable as long as the old key is kept.
locals {
  keys = {
    state = {
      description = "Encrypts the Terraform states of ${var.project}"
      spec        = "SYMMETRIC_DEFAULT"
      uses = {
        UseThroughS3 = { actions = ["kms:Decrypt", "kms:GenerateDataKey"], principals = [local.root], via = "s3" }
      }
    }
    images = {
      description = "Encrypts the images of ${var.project}"
      spec        = "SYMMETRIC_DEFAULT"
      uses = {
        # The registry works by the grants it gets when the repository is made; nobody else uses the key.
        GrantToEcr = { actions = ["kms:CreateGrant", "kms:RetireGrant"], principals = [local.root], via = "ecr" }
      }
    }
    signing = {
      description = "Signs the images of ${var.project}"
      spec        = "ECC_NIST_P256"
      uses = {
        VerifySignatures = { actions = ["kms:GetPublicKey", "kms:Verify"], principals = [local.root], via = null }
        # With a pipeline only its build step signs; without one, whoever the account's own policies let.
        SignImages = {
          actions    = ["kms:Sign"]
          principals = coalescelist([for role in aws_iam_role.build : role.arn], [local.root])
          via        = null
        }
      }
    }
  }
}

resource "aws_kms_key" "main" {
  for_each = local.keys

  description              = each.value.description
  customer_master_key_spec = each.value.spec
  key_usage                = each.value.spec == "SYMMETRIC_DEFAULT" ? "ENCRYPT_DECRYPT" : "SIGN_VERIFY"
  enable_key_rotation      = each.value.spec == "SYMMETRIC_DEFAULT" ? true : false # Checkov evaluates a choice, not a comparison
  deletion_window_in_days  = 30
  policy                   = data.aws_iam_policy_document.key[each.key].json
}

resource "aws_kms_alias" "main" {
  for_each = local.keys

  name          = "alias/${var.project}-${each.key}"
  target_key_id = aws_kms_key.main[each.key].key_id
}

data "aws_iam_policy_document" "key" {
  for_each = local.keys

  # IAM can grant nothing that isn't delegated here, not even to an administrator: all that the provider calls, for
  # asymmetric keys too, and what freezes a key that leaked.
  statement {
    sid = "AdministerKey"
    actions = [
      "kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:DescribeKey", "kms:DisableKey",
      "kms:EnableKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListGrants",
      "kms:ListKeyPolicies", "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:RevokeGrant",
      "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias",
      "kms:UpdateKeyDescription",
    ]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.root]
    }
  }

  dynamic "statement" {
    for_each = each.value.uses

    content {
      sid       = statement.key
      actions   = statement.value.actions
      resources = ["*"]

      principals {
        type        = "AWS"
        identifiers = statement.value.principals
      }

      dynamic "condition" {
        for_each = statement.value.via[*]

        content {
          test     = "StringEquals"
          variable = "kms:ViaService"
          values   = ["${condition.value}.${var.region}.amazonaws.com"]
        }
      }
    }
  }
}
