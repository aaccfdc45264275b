data "aws_iam_policy_document" "apply_watch" {
  for_each = local.environments

  statement {
    sid = "ChangeOwnLogs"
    actions = [
      "logs:AssociateKmsKey",
      "logs:CreateLogGroup",
      "logs:DeleteLogGroup",
      "logs:DeleteMetricFilter",
      "logs:DeleteRetentionPolicy",
      "logs:DisassociateKmsKey",
      "logs:PutMetricFilter",
      "logs:PutRetentionPolicy",
      "logs:TagResource",
      "logs:UntagResource",
    ]
    resources = [
      "arn:${local.partition}:logs:*:${local.account}:log-group:${var.project}-${each.key}*",
      "arn:${local.partition}:logs:*:${local.account}:log-group:aws-waf-logs-${var.project}-${each.key}*",
      "arn:${local.partition}:logs:*:${local.account}:log-group:/${var.project}-${each.key}*",
      "arn:${local.partition}:logs:*:${local.account}:log-group:/aws/ecs/containerinsights/${var.project}-${each.key}*",
    ]
  }

  # Neither takes a resource: a saved query reads nothing by itself, and deliveries are how AWS WAF gets its log.
  statement {
    sid = "DeliverLogs"
    actions = [
      "logs:CreateLogAnomalyDetector",
      "logs:CreateLogDelivery",
      "logs:DeleteLogAnomalyDetector",
      "logs:DeleteLogDelivery",
      "logs:DeleteQueryDefinition",
      "logs:DeleteResourcePolicy",
      "logs:GetLogDelivery",
      "logs:ListLogDeliveries",
      "logs:PutQueryDefinition",
      "logs:PutResourcePolicy",
      "logs:UpdateLogAnomalyDetector",
      "logs:UpdateLogDelivery",
    ]
    resources = ["*"]
  }

  statement {
    sid = "ChangeOwnAlarms"
    actions = [
      "cloudwatch:DeleteAlarms",
      "cloudwatch:DeleteDashboards",
      "cloudwatch:PutCompositeAlarm",
      "cloudwatch:PutDashboard",
      "cloudwatch:PutMetricAlarm",
      "cloudwatch:TagResource",
      "cloudwatch:UntagResource",
    ]
    resources = [
      "arn:${local.partition}:cloudwatch:*:${local.account}:alarm:${var.project}-${each.key}*",
      "arn:${local.partition}:cloudwatch::${local.account}:dashboard/${var.project}-${each.key}*",
    ]
  }

  statement {
    sid = "ChangeOwnTopics"
    actions = [
      "sns:CreateTopic",
      "sns:DeleteTopic",
      "sns:SetTopicAttributes",
      "sns:Subscribe",
      "sns:TagResource",
      "sns:Unsubscribe",
      "sns:UntagResource",
    ]
    resources = ["arn:${local.partition}:sns:*:${local.account}:${var.project}-${each.key}*"]
  }

  statement {
    sid = "ChangeOwnEvents"
    actions = [
      "events:DeleteRule",
      "events:DisableRule",
      "events:EnableRule",
      "events:PutRule",
      "events:PutTargets",
      "events:RemoveTargets",
      "events:TagResource",
      "events:UntagResource",
    ]
    resources = ["arn:${local.partition}:events:*:${local.account}:rule/${var.project}-${each.key}*"]
  }

  statement {
    sid = "CreateTaggedWorkspace"
    actions = [
      "aps:CreateWorkspace",
      "aps:TagResource",
      "fis:CreateExperimentTemplate",
      "fis:TagResource",
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
    sid = "ChangeOwnWorkspace"
    actions = [
      "aps:CreateAlertManagerDefinition",
      "aps:CreateLoggingConfiguration",
      "aps:CreateRuleGroupsNamespace",
      "aps:DeleteAlertManagerDefinition",
      "aps:DeleteLoggingConfiguration",
      "aps:DeleteRuleGroupsNamespace",
      "aps:DeleteWorkspace",
      "aps:PutAlertManagerDefinition",
      "aps:PutRuleGroupsNamespace",
      "aps:TagResource",
      "aps:UntagResource",
      "aps:UpdateLoggingConfiguration",
      "aps:UpdateWorkspaceAlias",
      "fis:CreateExperimentTemplate",
      "fis:DeleteExperimentTemplate",
      "fis:TagResource",
      "fis:UntagResource",
      "fis:UpdateExperimentTemplate",
    ]
    resources = ["*"]

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
    sid = "ChangeOwnBudgetsAndTraces"
    actions = [
      "budgets:ModifyBudget",
      "budgets:TagResource",
      "budgets:UntagResource",
      "xray:CreateGroup",
      "xray:CreateSamplingRule",
      "xray:DeleteGroup",
      "xray:DeleteSamplingRule",
      "xray:TagResource",
      "xray:UntagResource",
      "xray:UpdateGroup",
      "xray:UpdateSamplingRule",
    ]
    resources = [
      "arn:${local.partition}:budgets::${local.account}:budget/${var.project}-${each.key}*",
      "arn:${local.partition}:xray:*:${local.account}:group/${var.project}-${each.key}*",
      "arn:${local.partition}:xray:*:${local.account}:sampling-rule/${var.project}-${each.key}*",
    ]
  }
}
