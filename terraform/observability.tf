resource "aws_cloudwatch_log_group" "api" {
  name              = "/${local.name}/api"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.main.arn
}

# Container Insights would make this group by itself: without a key, kept for ever.
resource "aws_cloudwatch_log_group" "container_insights" {
  name              = "/aws/ecs/containerinsights/${local.name}/performance"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.main.arn
}

# What stops a deployment and brings the last good version back. Quick on purpose: it compares minutes, not days.
resource "aws_cloudwatch_metric_alarm" "deployment" {
  for_each = {
    target-errors = {
      description = "The tasks answered 5xx more than ten times in a minute, twice running."
      metric      = "HTTPCode_Target_5XX_Count"
      statistic   = "Sum"
      threshold   = 10
    }
    unhealthy-targets = {
      description = "A task failed its health checks for two minutes."
      metric      = "UnHealthyHostCount"
      statistic   = "Minimum"
      threshold   = 0
    }
  }

  alarm_name          = "${local.name}-deployment-${each.key}"
  alarm_description   = each.value.description
  namespace           = "AWS/ApplicationELB"
  metric_name         = each.value.metric
  statistic           = each.value.statistic
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  period              = 60
  evaluation_periods  = 2
  # Load balancing reports errors only when there are any.
  treat_missing_data = "notBreaching"

  dimensions = {
    LoadBalancer = module.alb.arn_suffix
    TargetGroup  = module.alb.target_groups["api"].arn_suffix
  }
}
