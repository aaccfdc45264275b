data "aws_iam_policy_document" "apply_identity" {
  for_each = local.environments

  # A role of ours has our boundary, or isn't made.
  statement {
    sid = "CreateBoundedRoles"
    actions = [
      "iam:CreateRole",
      "iam:PutRolePermissionsBoundary",
    ]
    resources = [
      "arn:${local.partition}:iam::${local.account}:role/${var.project}-${each.key}",
      "arn:${local.partition}:iam::${local.account}:role/${var.project}-${each.key}-*",
    ]

    condition {
      test     = "StringEquals"
      variable = "iam:PermissionsBoundary"
      values   = [aws_iam_policy.workload_boundary.arn]
    }
  }

  statement {
    sid = "ChangeOwnRoles"
    actions = [
      "iam:DeleteRole",
      "iam:DeleteRolePolicy",
      "iam:PutRolePolicy",
      "iam:TagRole",
      "iam:UntagRole",
      "iam:UpdateAssumeRolePolicy",
      "iam:UpdateRole",
      "iam:UpdateRoleDescription",
    ]
    resources = [
      "arn:${local.partition}:iam::${local.account}:role/${var.project}-${each.key}",
      "arn:${local.partition}:iam::${local.account}:role/${var.project}-${each.key}-*",
    ]
  }

  statement {
    sid = "ChangeOwnPolicies"
    actions = [
      "iam:CreatePolicy",
      "iam:CreatePolicyVersion",
      "iam:DeletePolicy",
      "iam:DeletePolicyVersion",
      "iam:SetDefaultPolicyVersion",
      "iam:TagPolicy",
      "iam:UntagPolicy",
    ]
    resources = [
      "arn:${local.partition}:iam::${local.account}:policy/${var.project}-${each.key}",
      "arn:${local.partition}:iam::${local.account}:policy/${var.project}-${each.key}-*",
    ]
  }

  statement {
    sid = "AttachKnownPolicies"
    actions = [
      "iam:AttachRolePolicy",
      "iam:DetachRolePolicy",
    ]
    resources = [
      "arn:${local.partition}:iam::${local.account}:role/${var.project}-${each.key}",
      "arn:${local.partition}:iam::${local.account}:role/${var.project}-${each.key}-*",
    ]

    condition {
      test     = "ArnLike"
      variable = "iam:PolicyARN"
      values = [
        "arn:${local.partition}:iam::${local.account}:policy/${var.project}-${each.key}",
        "arn:${local.partition}:iam::${local.account}:policy/${var.project}-${each.key}-*",
        "arn:${local.partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy",
      ]
    }
  }

  statement {
    sid = "HandRolesToTheirServices"
    actions = [
      "iam:PassRole",
    ]
    resources = [
      "arn:${local.partition}:iam::${local.account}:role/${var.project}-${each.key}",
      "arn:${local.partition}:iam::${local.account}:role/${var.project}-${each.key}-*",
    ]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values = [
        "backup.amazonaws.com", "ecs-tasks.amazonaws.com", "ecs.amazonaws.com", "events.amazonaws.com", "fis.amazonaws.com",
        "vpc-flow-logs.amazonaws.com",
      ]
    }
  }

  statement {
    sid = "CreateServiceLinkedRoles"
    actions = [
      "iam:CreateServiceLinkedRole",
    ]
    resources = ["arn:${local.partition}:iam::${local.account}:role/aws-service-role/*"]

    condition {
      test     = "StringEquals"
      variable = "iam:AWSServiceName"
      values = [
        "backup.amazonaws.com", "ecs.amazonaws.com", "ecs.application-autoscaling.amazonaws.com",
        "elasticloadbalancing.amazonaws.com", "replication.dynamodb.amazonaws.com", "wafv2.amazonaws.com",
      ]
    }
  }

  statement {
    sid = "CreateTaggedUserPool"
    actions = [
      "cognito-idp:CreateUserPool",
      "cognito-idp:TagResource",
    ]
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
  }

  statement {
    sid = "ChangeOwnUserPool"
    actions = [
      "cognito-idp:CreateResourceServer",
      "cognito-idp:CreateUserPoolClient",
      "cognito-idp:CreateUserPoolDomain",
      "cognito-idp:DeleteResourceServer",
      "cognito-idp:DeleteUserPool",
      "cognito-idp:DeleteUserPoolClient",
      "cognito-idp:DeleteUserPoolDomain",
      "cognito-idp:SetUserPoolMfaConfig",
      "cognito-idp:TagResource",
      "cognito-idp:UntagResource",
      "cognito-idp:UpdateResourceServer",
      "cognito-idp:UpdateUserPool",
      "cognito-idp:UpdateUserPoolClient",
      "cognito-idp:UpdateUserPoolDomain",
    ]
    resources = ["arn:${local.partition}:cognito-idp:*:${local.account}:userpool/*"]

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
}
