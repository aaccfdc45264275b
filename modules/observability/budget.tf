resource "aws_budgets_budget" "main" {
  name         = var.name
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_unit   = "USD"
  limit_amount = format("%.2f", var.monthly_budget_usd)

  cost_filter {
    name   = "TagKeyValue"
    values = ["user:${var.cost_tag.key}$${var.cost_tag.value}"]
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
