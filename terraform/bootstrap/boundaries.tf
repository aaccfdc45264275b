# What the pipeline can never do, whatever its policies come to say. A boundary grants nothing: an action needs this and a
# statement of the role's own, and those name each action.

resource "aws_iam_policy" "build_boundary" {
  name        = "${var.project}-build-boundary"
  path        = "/pipeline/"
  description = "The most that the build step of ${var.project} can do"
  policy      = data.aws_iam_policy_document.build_boundary.json
}

resource "aws_iam_policy" "deploy_boundary" {
  for_each = local.environments

  name        = "${var.project}-${each.key}-boundary"
  path        = "/pipeline/"
  description = "The most that a role of the pipeline can do in ${each.key}"
  policy      = data.aws_iam_policy_document.deploy_boundary[each.key].json
}

# What a role made by the pipeline can never do: it is the only boundary that an apply may give to a role.
resource "aws_iam_policy" "workload_boundary" {
  for_each = local.environments

  name        = "${var.project}-${each.key}-workload"
  path        = "/pipeline/"
  description = "The most that a task or service role of ${each.key} can do"
  policy      = data.aws_iam_policy_document.workload_boundary[each.key].json
}

data "aws_iam_policy_document" "build_boundary" {
  statement {
    sid       = "Ceiling"
    actions   = ["ecr:*", "kms:DescribeKey", "kms:GetPublicKey", "kms:Sign", "kms:Verify", "sts:GetCallerIdentity"]
    resources = ["*"]
  }

  source_policy_documents = [data.aws_iam_policy_document.limits.json]
}

# For every role of the pipeline.
data "aws_iam_policy_document" "limits" {
  statement {
    sid         = "StayInAllowedRegions"
    effect      = "Deny"
    not_actions = ["billing:*", "budgets:*", "cloudwatch:*", "iam:*", "route53:*", "sts:*"]
    resources   = ["*"]

    condition {
      test     = "StringNotEquals"
      variable = "aws:RequestedRegion"
      values   = var.allowed_regions
    }
  }

  statement {
    sid    = "KeepWhatWasPushed"
    effect = "Deny"
    actions = [
      "ecr:BatchDeleteImage", "ecr:DeleteLifecyclePolicy", "ecr:DeleteRepository", "ecr:DeleteRepositoryPolicy",
      "ecr:PutImageTagMutability", "ecr:PutLifecyclePolicy", "ecr:SetRepositoryPolicy", "ecr:TagResource",
      "ecr:UntagResource",
    ]
    # By name: the repository's key waits for the role that signs, and that for its boundary.
    resources = ["arn:${local.partition}:ecr:*:${local.account}:repository/${var.project}"]
  }
}

data "aws_iam_policy_document" "deploy_boundary" {
  for_each = local.environments

  source_policy_documents = [data.aws_iam_policy_document.limits.json]

  statement {
    sid = "Ceiling"
    actions = [
      "acm:*", "application-autoscaling:*", "aps:*", "backup-storage:*", "backup:*", "billing:GetBillingViewData",
      "budgets:*", "cloudwatch:*", "cognito-idp:*", "dynamodb:*", "ec2:*", "ecr:*", "ecs:*",
      "elasticloadbalancing:*", "events:*", "fis:*", "iam:*", "kms:*", "lambda:*", "logs:*", "route53:*", "s3:*",
      "scheduler:*", "secretsmanager:*", "sns:*", "sts:GetCallerIdentity", "wafv2:*",
    ]
    resources = ["*"]
  }

  # Neither touches what another environment has tagged, nor tags anything as another's.
  dynamic "statement" {
    for_each = { StayInEnvironment = ["aws:ResourceTag", [each.key, "shared"]], TagAsOwn = ["aws:RequestTag", [each.key]] }

    content {
      sid       = statement.key
      effect    = "Deny"
      actions   = ["*"]
      resources = ["*"]

      condition {
        test     = "StringEquals"
        variable = "${statement.value[0]}/project"
        values   = [var.project]
      }

      condition {
        test     = "StringNotEquals"
        variable = "${statement.value[0]}/environment"
        values   = statement.value[1]
      }
    }
  }

  # What decides about the pipeline itself, and whoever isn't a role: an apply makes no people and no providers.
  statement {
    sid         = "KeepOwnLimits"
    effect      = "Deny"
    not_actions = ["iam:Get*", "iam:List*"]
    resources = [
      for name in ["role/pipeline/*", "policy/pipeline/*", "oidc-provider/*", "saml-provider/*", "user/*", "group/*", "mfa/*"] :
      "arn:${local.partition}:iam::${local.account}:${name}"
    ]
  }

  statement {
    sid       = "KeepBoundariesOn"
    effect    = "Deny"
    actions   = ["iam:DeleteRolePermissionsBoundary"]
    resources = ["*"]
  }

  # By name, not by tag: whoever could write a key's tags could otherwise make it theirs. Nobody here signs.
  statement {
    sid    = "KeepKeys"
    effect = "Deny"
    not_actions = [
      "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus",
      "kms:GetPublicKey", "kms:ListResourceTags", "kms:Verify",
    ]
    resources = concat([for key in aws_kms_key.main : key.arn], [for alias in aws_kms_alias.main : alias.arn])
  }

  # Of the states, the lock alone is ever deleted.
  statement {
    sid    = "KeepStateBucket"
    effect = "Deny"
    not_actions = [
      "s3:DeleteObject", "s3:GetBucketVersioning", "s3:GetObject", "s3:ListBucket", "s3:PutObject",
    ]
    resources = [aws_s3_bucket.state.arn, "${aws_s3_bucket.state.arn}/*"]
  }

  statement {
    sid       = "KeepStates"
    effect    = "Deny"
    actions   = ["s3:DeleteObject"]
    resources = ["${aws_s3_bucket.state.arn}/*.tfstate"]
  }

  statement {
    sid     = "LeaveOtherStates"
    effect  = "Deny"
    actions = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    resources = [
      for folder in concat(["bootstrap"], [for name in keys(local.environments) : "env:/${name}" if name != each.key]) :
      "${aws_s3_bucket.state.arn}/${folder}/*"
    ]
  }
}

data "aws_iam_policy_document" "workload_boundary" {
  for_each = local.environments

  source_policy_documents = [data.aws_iam_policy_document.tagged["${each.key}-workload"].json]

  statement {
    sid = "UseTables"
    actions = [
      "dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem",
      "dynamodb:Query", "dynamodb:Scan", "dynamodb:UpdateItem",
    ]
    resources = [for name in ["", "/index/*", "-*"] : "arn:${local.partition}:dynamodb:*:${local.account}:table/${var.project}-${each.key}${name}"]
  }

  statement {
    sid = "BackUpTables"
    actions = [
      "backup:CopyIntoBackupVault", "backup:DescribeBackupVault", "dynamodb:CreateBackup", "dynamodb:DeleteBackup",
      "dynamodb:DescribeBackup", "dynamodb:ListTagsOfResource", "dynamodb:RestoreTableFromAwsBackup",
      "dynamodb:StartAwsBackupJob",
    ]
    resources = [for name in ["dynamodb:*:%s:table/%s", "dynamodb:*:%s:table/%s/*", "dynamodb:*:%s:table/%s-*", "backup:*:%s:backup-vault:%s"] :
      "arn:${local.partition}:${format(name, local.account, "${var.project}-${each.key}")}"
    ]
  }

  # Backups are copied to the one vault that is named, in another account or region.
  dynamic "statement" {
    for_each = each.value.backup_copy_to[*]

    content {
      sid       = "CopyBackups"
      actions   = ["backup:CopyIntoBackupVault", "backup:DescribeBackupVault"]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = each.value.backup_copy_to[*]

    content {
      sid       = "TakeBackupsThere"
      actions   = ["backup:CopyFromBackupVault"]
      resources = ["arn:${local.partition}:backup:*:${local.account}:recovery-point:*"]

      condition {
        test     = "ForAnyValue:StringEquals"
        variable = "backup:CopyTargets"
        values   = [statement.value]
      }
    }
  }

  statement {
    sid = "RestoreTables"
    actions = [
      "dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem",
      "dynamodb:Query", "dynamodb:RestoreTableFromAwsBackup", "dynamodb:Scan", "dynamodb:UpdateItem",
    ]
    resources = [for name in ["awsbackup-restore-test-", "${var.project}-${each.key}-from-"] :
      "arn:${local.partition}:dynamodb:*:${local.account}:table/${name}*"
    ]
  }

  statement {
    sid       = "PullImages"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = ["arn:${local.partition}:ecr:*:${local.account}:repository/${var.project}"]
  }

  statement {
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["arn:${local.partition}:logs:*:${local.account}:log-group:/${var.project}-${each.key}/*"]
  }

  statement {
    sid       = "ReadSecrets"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = ["arn:${local.partition}:secretsmanager:*:${local.account}:secret:${var.project}-${each.key}/*"]
  }

  statement {
    sid       = "Notify"
    actions   = ["sns:Publish"]
    resources = ["arn:${local.partition}:sns:*:${local.account}:${var.project}-${each.key}-*"]
  }

  statement {
    sid       = "EndMaintenance"
    actions   = ["wafv2:UpdateIPSet"]
    resources = ["arn:${local.partition}:wafv2:*:${local.account}:regional/ipset/${var.project}-${each.key}-maintenance/*"]
  }

  # For the experiment that stops tasks; the one that cuts subnets off is limited by tags.
  statement {
    sid       = "StopTasks"
    actions   = ["ecs:DescribeTasks", "ecs:StopTask"]
    resources = ["arn:${local.partition}:ecs:*:${local.account}:task/${var.project}-${each.key}/*"]
  }

  # AWS offers no resource for these.
  statement {
    sid = "ActOnTheAccount"
    actions = [
      "ec2:DescribeManagedPrefixLists", "ec2:DescribeNetworkAcls", "ec2:DescribeSubnets", "ec2:DescribeVpcs",
      "ecr:GetAuthorizationToken", "ecs:ListTasks", "logs:DescribeLogGroups", "xray:PutTelemetryRecords", "xray:PutTraceSegments",
    ]
    resources = ["*"]
  }
}
