# What the pipeline can never do, whatever its policies come to say.
resource "aws_iam_policy" "pipeline_boundary" {
  name        = "${var.project}-boundary"
  path        = "/pipeline/"
  description = "The most that a role of the pipeline of ${var.project} can do"
  policy      = data.aws_iam_policy_document.pipeline_boundary.json
}

# What a role made by the pipeline can never do: it is the only boundary that an apply may give to a role.
resource "aws_iam_policy" "workload_boundary" {
  name        = "${var.project}-workload"
  path        = "/pipeline/"
  description = "The most that a task or service role of ${var.project} can do"
  policy      = data.aws_iam_policy_document.workload_boundary.json
}

data "aws_iam_policy_document" "pipeline_boundary" {
  # A boundary grants nothing: an action needs this and a statement of the role's own, and those name each action.
  statement {
    sid = "Ceiling"
    actions = [
      "acm:*",
      "application-autoscaling:*",
      "aps:*",
      "backup-storage:*",
      "backup:*",
      "budgets:*",
      "cloudwatch:*",
      "cognito-idp:*",
      "dynamodb:*",
      "ec2:*",
      "ecr:*",
      "ecs:*",
      "elasticloadbalancing:*",
      "events:*",
      "fis:*",
      "iam:*",
      "kms:*",
      "logs:*",
      "route53:*",
      "s3:*",
      "secretsmanager:*",
      "sns:*",
      "ssm:*",
      "sts:GetCallerIdentity",
      "wafv2:*",
      "xray:*",
    ]
    resources = ["*"]
  }

  statement {
    sid         = "StayInAllowedRegions"
    effect      = "Deny"
    not_actions = ["budgets:*", "cloudwatch:*", "iam:*", "route53:*", "sts:*"]
    resources   = ["*"]

    condition {
      test     = "StringNotEquals"
      variable = "aws:RequestedRegion"
      values   = var.allowed_regions
    }
  }

  statement {
    sid    = "KeepOwnLimits"
    effect = "Deny"
    actions = [
      "iam:AttachRolePolicy",
      "iam:CreatePolicyVersion",
      "iam:DeletePolicy",
      "iam:DeletePolicyVersion",
      "iam:DeleteRole",
      "iam:DeleteRolePolicy",
      "iam:DetachRolePolicy",
      "iam:PassRole",
      "iam:PutRolePermissionsBoundary",
      "iam:PutRolePolicy",
      "iam:SetDefaultPolicyVersion",
      "iam:UpdateAssumeRolePolicy",
      "iam:UpdateRole",
    ]
    resources = [
      "arn:${local.partition}:iam::${local.account}:role/pipeline/*",
      "arn:${local.partition}:iam::${local.account}:policy/pipeline/*",
    ]
  }

  statement {
    sid    = "KeepBoundariesOn"
    effect = "Deny"
    actions = [
      "iam:DeleteRolePermissionsBoundary",
    ]
    resources = ["*"]
  }

  statement {
    sid    = "MakeNoPeople"
    effect = "Deny"
    actions = [
      "iam:AddUserToGroup",
      "iam:CreateAccessKey",
      "iam:CreateGroup",
      "iam:CreateLoginProfile",
      "iam:CreateOpenIDConnectProvider",
      "iam:CreateSAMLProvider",
      "iam:CreateUser",
      "iam:DeleteOpenIDConnectProvider",
      "iam:UpdateOpenIDConnectProviderThumbprint",
    ]
    resources = ["*"]
  }

  statement {
    sid    = "KeepWhatWasPushed"
    effect = "Deny"
    actions = [
      "ecr:BatchDeleteImage",
      "ecr:DeleteLifecyclePolicy",
      "ecr:DeleteRepository",
      "ecr:PutImageTagMutability",
      "ecr:PutLifecyclePolicy",
      "ecr:SetRepositoryPolicy",
    ]
    resources = [aws_ecr_repository.service.arn]
  }

  statement {
    sid    = "KeepStateBucket"
    effect = "Deny"
    actions = [
      "s3:DeleteBucket",
      "s3:DeleteBucketPolicy",
      "s3:DeleteObjectVersion",
      "s3:PutBucketPolicy",
      "s3:PutBucketPublicAccessBlock",
      "s3:PutBucketVersioning",
      "s3:PutEncryptionConfiguration",
      "s3:PutLifecycleConfiguration",
    ]
    resources = [
      aws_s3_bucket.state.arn,
      "${aws_s3_bucket.state.arn}/*",
    ]
  }
}

data "aws_iam_policy_document" "workload_boundary" {
  statement {
    sid = "UseTables"
    actions = [
      "dynamodb:BatchGetItem",
      "dynamodb:BatchWriteItem",
      "dynamodb:ConditionCheckItem",
      "dynamodb:DeleteItem",
      "dynamodb:DescribeTable",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "dynamodb:Scan",
      "dynamodb:UpdateItem",
    ]
    resources = ["arn:${local.partition}:dynamodb:*:${local.account}:table/${var.project}-*"]
  }

  statement {
    sid = "BackUpTables"
    actions = [
      "backup:CopyIntoBackupVault",
      "backup:DescribeBackupVault",
      "dynamodb:CreateBackup",
      "dynamodb:DeleteBackup",
      "dynamodb:DescribeBackup",
      "dynamodb:ListTagsOfResource",
      "dynamodb:StartAwsBackupJob",
    ]
    resources = [
      "arn:${local.partition}:dynamodb:*:${local.account}:table/${var.project}-*",
      "arn:${local.partition}:backup:*:${local.account}:backup-vault:${var.project}-*",
    ]
  }

  statement {
    sid = "UseKeys"
    actions = [
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:Encrypt",
      "kms:GenerateDataKey",
      "kms:GenerateDataKeyWithoutPlaintext",
      "kms:ReEncryptFrom",
      "kms:ReEncryptTo",
    ]
    resources = ["arn:${local.partition}:kms:*:${local.account}:key/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/project"
      values   = [var.project]
    }
  }

  statement {
    sid = "PullImages"
    actions = [
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:GetDownloadUrlForLayer",
    ]
    resources = [aws_ecr_repository.service.arn]
  }

  statement {
    sid = "LogInToRegistry"
    actions = [
      "ecr:GetAuthorizationToken",
    ]
    resources = ["*"]
  }

  statement {
    sid = "WriteLogs"
    actions = [
      "logs:CreateLogGroup",
      "logs:CreateLogStream",
      "logs:DescribeLogGroups",
      "logs:DescribeLogStreams",
      "logs:PutLogEvents",
    ]
    resources = ["arn:${local.partition}:logs:*:${local.account}:log-group:*"]
  }

  statement {
    sid = "ReadSecrets"
    actions = [
      "secretsmanager:GetSecretValue",
      "ssm:GetParameter",
      "ssm:GetParameters",
    ]
    resources = [
      "arn:${local.partition}:secretsmanager:*:${local.account}:secret:${var.project}-*",
      "arn:${local.partition}:ssm:*:${local.account}:parameter/${var.project}-*",
    ]
  }

  statement {
    sid = "SendTelemetry"
    actions = [
      "aps:RemoteWrite",
      "cloudwatch:PutMetricData",
      "xray:GetSamplingRules",
      "xray:GetSamplingStatisticSummaries",
      "xray:GetSamplingTargets",
      "xray:PutTelemetryRecords",
      "xray:PutTraceSegments",
    ]
    resources = ["*"]
  }

  statement {
    sid = "OpenShells"
    actions = [
      "ssmmessages:CreateControlChannel",
      "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel",
      "ssmmessages:OpenDataChannel",
    ]
    resources = ["*"]
  }

  statement {
    sid = "RunDrills"
    actions = [
      "ec2:DescribeSubnets",
      "ecs:DescribeTasks",
      "ecs:ListTasks",
      "ecs:StopTask",
    ]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = var.allowed_regions
    }
  }

  statement {
    sid = "Notify"
    actions = [
      "sns:Publish",
    ]
    resources = ["arn:${local.partition}:sns:*:${local.account}:${var.project}-*"]
  }
}
