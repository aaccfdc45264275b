data "aws_iam_policy_document" "apply_watch" {
  for_each = local.environments

  source_policy_documents = [data.aws_iam_policy_document.tagged["${each.key}-apply-watch"].json]

  statement {
    sid = "ChangeOwnLogs"
    actions = [
      "logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:DeleteMetricFilter",
      "logs:DeleteRetentionPolicy", "logs:DisassociateKmsKey", "logs:PutMetricFilter", "logs:PutRetentionPolicy",
      "logs:TagResource", "logs:UntagResource",
    ]
    resources = [
      for name in ["/${var.project}-${each.key}/*", "/aws/ecs/containerinsights/${var.project}-${each.key}/*", "aws-waf-logs-${var.project}-${each.key}", "aws-waf-logs-${var.project}-${each.key}:*"] :
      "arn:${local.partition}:logs:*:${local.account}:log-group:${name}"
    ]
  }

  # AWS offers no resource for any of them: a saved query reads nothing by itself, a delivery is how AWS WAF gets its log,
  # and EventBridge writes the events log by a resource policy.
  statement {
    sid = "DeliverLogs"
    actions = [
      "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DeleteQueryDefinition", "logs:DeleteResourcePolicy",
      "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutQueryDefinition", "logs:PutResourcePolicy",
      "logs:UpdateLogDelivery",
    ]
    resources = ["*"]
  }

  statement {
    sid = "ChangeOwnAlarms"
    actions = [
      "cloudwatch:DeleteAlarms", "cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard",
      "cloudwatch:PutMetricAlarm", "cloudwatch:TagResource", "cloudwatch:UntagResource",
    ]
    resources = [
      "arn:${local.partition}:cloudwatch:*:${local.account}:alarm:${var.project}-${each.key}-*",
      "arn:${local.partition}:cloudwatch::${local.account}:dashboard/${var.project}-${each.key}",
    ]
  }

  # Target tracking makes its alarms in the caller's name, and calls them itself.
  statement {
    sid       = "ScaleByAlarms"
    actions   = ["cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm"]
    resources = ["arn:${local.partition}:cloudwatch:*:${local.account}:alarm:TargetTracking-service/${var.project}-${each.key}/*"]
  }

  statement {
    sid = "ChangeOwnTopics"
    actions = [
      "sns:CreateTopic", "sns:DeleteTopic", "sns:SetTopicAttributes", "sns:Subscribe", "sns:TagResource",
      "sns:Unsubscribe", "sns:UntagResource",
    ]
    resources = ["arn:${local.partition}:sns:*:${local.account}:${var.project}-${each.key}-*"]
  }

  # One reference knows a resource for it, another none: both are satisfied.
  statement {
    sid       = "Unsubscribe"
    actions   = ["sns:Unsubscribe"]
    resources = ["*"]
  }

  statement {
    sid = "ChangeOwnEvents"
    actions = [
      "events:DeleteRule", "events:DisableRule", "events:EnableRule", "events:PutRule", "events:PutTargets",
      "events:RemoveTargets", "events:TagResource", "events:UntagResource",
    ]
    resources = ["arn:${local.partition}:events:*:${local.account}:rule/${var.project}-${each.key}-*"]
  }

  statement {
    sid       = "ChangeOwnBudgets"
    actions   = ["budgets:ModifyBudget", "budgets:TagResource", "budgets:UntagResource"]
    resources = ["arn:${local.partition}:budgets::${local.account}:budget/${var.project}-${each.key}-*"]
  }
}
