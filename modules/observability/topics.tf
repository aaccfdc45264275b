# One topic per severity: a page wakes somebody, a ticket waits for the morning.

resource "aws_sns_topic" "main" {
  for_each = local.severities

  name              = "${var.name}-${each.key}"
  kms_master_key_id = var.kms_key_arn
}

resource "aws_sns_topic_policy" "main" {
  for_each = aws_sns_topic.main

  arn    = each.value.arn
  policy = data.aws_iam_policy_document.topic[each.key].json
}

# EventBridge is not among them: it names no account, so it publishes by a role (events.tf).
data "aws_iam_policy_document" "topic" {
  for_each = aws_sns_topic.main

  statement {
    sid       = "PublishersOfThisAccount"
    actions   = ["sns:Publish"]
    resources = [each.value.arn]

    principals {
      type        = "Service"
      identifiers = concat(["cloudwatch.amazonaws.com"], var.monthly_budget_usd == null ? [] : ["budgets.amazonaws.com"])
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_sns_topic_subscription" "main" {
  for_each = {
    for subscription in flatten([
      for severity, subscriptions in var.subscriptions : [for one in subscriptions : merge(one, { severity = severity })]
    ]) : "${subscription.severity} ${subscription.protocol} ${subscription.endpoint}" => subscription
  }

  topic_arn = aws_sns_topic.main[each.value.severity].arn
  protocol  = each.value.protocol
  endpoint  = each.value.endpoint
}

# A filter's values are alternatives, so one tag must say project and environment. It counts once it is activated as a
# cost allocation tag. The name is global.
resource "aws_budgets_budget" "main" {
  for_each = toset(var.monthly_budget_usd == null ? [] : ["month"])

  name         = "${var.name}-${data.aws_region.current.name}"
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_unit   = "USD"
  limit_amount = format("%.2f", var.monthly_budget_usd)

  cost_filter {
    name   = "TagKeyValue"
    values = [format("user:%s$%s", var.cost_tag.key, var.cost_tag.value)]
  }

  dynamic "notification" {
    for_each = { "80 %" = { threshold = 80, type = "ACTUAL" }, spent = { threshold = 100, type = "ACTUAL" }, forecast = { threshold = 100, type = "FORECASTED" } }

    content {
      comparison_operator       = "GREATER_THAN"
      threshold                 = notification.value.threshold
      threshold_type            = "PERCENTAGE"
      notification_type         = notification.value.type
      subscriber_sns_topic_arns = [aws_sns_topic.main["ticket"].arn]
    }
  }
}
