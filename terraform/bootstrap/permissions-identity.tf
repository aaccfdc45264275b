locals {
  service_linked_roles = [
    "backup.amazonaws.com", "ecs.amazonaws.com", "ecs.application-autoscaling.amazonaws.com", "elasticloadbalancing.amazonaws.com",
    "mrk.kms.amazonaws.com", "replication.dynamodb.amazonaws.com", "restore-testing.backup.amazonaws.com", "transitgateway.amazonaws.com",
    "wafv2.amazonaws.com",
  ]
}

data "aws_iam_policy_document" "apply_identity" {
  for_each = local.environments

  source_policy_documents = [data.aws_iam_policy_document.tagged["${each.key}-apply-identity"].json]

  # A role of ours has this environment's boundary, or isn't made. Whom it trusts, no condition limits: the boundary keeps
  # it from what isn't this environment's, and an organisation's resource control policies from other accounts.
  statement {
    sid       = "CreateBoundedRoles"
    actions   = ["iam:CreateRole", "iam:PutRolePermissionsBoundary"]
    resources = ["arn:${local.partition}:iam::${local.account}:role/${var.project}-${each.key}-*"]

    condition {
      test     = "StringEquals"
      variable = "iam:PermissionsBoundary"
      values   = [aws_iam_policy.workload_boundary[each.key].arn]
    }
  }

  statement {
    sid = "ChangeOwnRoles"
    actions = [
      "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:PutRolePolicy", "iam:TagRole", "iam:UntagRole",
      "iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription",
    ]
    resources = ["arn:${local.partition}:iam::${local.account}:role/${var.project}-${each.key}-*"]
  }

  statement {
    sid = "ChangeOwnPolicies"
    actions = [
      "iam:CreatePolicy", "iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion",
      "iam:SetDefaultPolicyVersion", "iam:TagPolicy", "iam:UntagPolicy",
    ]
    resources = ["arn:${local.partition}:iam::${local.account}:policy/${var.project}-${each.key}-*"]
  }

  statement {
    sid       = "AttachOwnPolicies"
    actions   = ["iam:AttachRolePolicy", "iam:DetachRolePolicy"]
    resources = ["arn:${local.partition}:iam::${local.account}:role/${var.project}-${each.key}-*"]

    condition {
      test     = "ArnLike"
      variable = "iam:PolicyARN"
      values   = ["arn:${local.partition}:iam::${local.account}:policy/${var.project}-${each.key}-*"]
    }
  }

  statement {
    sid       = "HandRolesToTheirServices"
    actions   = ["iam:PassRole"]
    resources = ["arn:${local.partition}:iam::${local.account}:role/${var.project}-${each.key}-*"]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["backup.amazonaws.com", "ecs-tasks.amazonaws.com", "events.amazonaws.com", "fis.amazonaws.com", "vpc-flow-logs.amazonaws.com"]
    }
  }

  # Of all roles, a function gets that of the outside probe.
  statement {
    sid       = "HandRoleToLookOutside"
    actions   = ["iam:PassRole"]
    resources = ["arn:${local.partition}:iam::${local.account}:role/${var.project}-${each.key}-outside-*"]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["lambda.amazonaws.com"]
    }
  }

  # What the first use in an account makes beside the thing asked for. Each is the account's, and there once: made here if
  # nobody has yet.
  statement {
    sid     = "CreateServiceLinkedRoles"
    actions = ["iam:CreateServiceLinkedRole"]
    resources = [
      for service in local.service_linked_roles : "arn:${local.partition}:iam::${local.account}:role/aws-service-role/${service}/*"
    ]

    condition {
      test     = "StringEquals"
      variable = "iam:AWSServiceName"
      values   = local.service_linked_roles
    }
  }

  # AWS WAF knows no tags of a pool; Cognito asks for the right above, which does, on the same call.
  statement {
    sid       = "ProtectUserPool"
    actions   = ["wafv2:AssociateWebACL", "wafv2:DisassociateWebACL"]
    resources = ["arn:${local.partition}:cognito-idp:*:${local.account}:userpool/*"]
  }
}
