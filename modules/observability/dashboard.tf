# Users first, then what serves them. Deployments are marked on every graph by the events below them.
locals {
  widgets = [
    { title = "Availability, % (objective: 99.9)", view = "timeSeries", expressions = [
      { label = "available", expression = "100 * (1 - (FILL(e,0) + FILL(t,0)) / (FILL(r,0) + FILL(e,0)))" },
      ], metrics = [
      { id = "r", visible = false, namespace = "AWS/ApplicationELB", name = "RequestCount", stat = "Sum", dimensions = local.alb },
      { id = "e", visible = false, namespace = "AWS/ApplicationELB", name = "HTTPCode_ELB_5XX_Count", stat = "Sum", dimensions = local.alb },
      { id = "t", visible = false, namespace = "AWS/ApplicationELB", name = "HTTPCode_Target_5XX_Count", stat = "Sum", dimensions = local.alb },
    ] },
    { title = "Error budget left, % of ${var.slo.window_days} days", view = "singleValue", expressions = [
      for key, objective in var.slo.objectives : { label = replace(key, "_", " "), expression = "100 * (1 - (b_${key} / a_${key}) / ${format("%.6f", (100 - objective.objective_percent) / 100)})" }
      ], metrics = flatten([for key, objective in var.slo.objectives : [
        { id = "a_${key}", visible = false, namespace = local.namespace, name = "${key}_all", stat = "Sum", dimensions = {} },
        { id = "b_${key}", visible = false, namespace = local.namespace, name = "${key}_bad", stat = "Sum", dimensions = {} },
    ]]) },
    { title = "Traffic, requests a minute", view = "timeSeries", expressions = [], metrics = [
      { id = "r", visible = true, namespace = "AWS/ApplicationELB", name = "RequestCount", stat = "Sum", dimensions = local.alb },
    ] },
    { title = "Errors a minute, by who made them", view = "timeSeries", expressions = [], metrics = [
      { id = "t", visible = true, namespace = "AWS/ApplicationELB", name = "HTTPCode_Target_5XX_Count", stat = "Sum", dimensions = local.alb },
      { id = "e", visible = true, namespace = "AWS/ApplicationELB", name = "HTTPCode_ELB_5XX_Count", stat = "Sum", dimensions = local.alb },
      { id = "c", visible = true, namespace = "AWS/ApplicationELB", name = "HTTPCode_Target_4XX_Count", stat = "Sum", dimensions = local.alb },
    ] },
    { title = "Latency, seconds", view = "timeSeries", expressions = [], metrics = [
      for stat in ["p50", "p90", "p99"] : { id = stat, visible = true, namespace = "AWS/ApplicationELB", name = "TargetResponseTime", stat = stat, dimensions = local.targets }
    ] },
    { title = "Tasks", view = "timeSeries", expressions = [], metrics = [
      for name in ["DesiredTaskCount", "RunningTaskCount", "PendingTaskCount"] : { id = lower(name), visible = true, namespace = "ECS/ContainerInsights", name = name, stat = "Average", dimensions = local.ecs }
    ] },
    { title = "CPU and memory of the tasks, %", view = "timeSeries", expressions = [], metrics = [
      for name in ["CPUUtilization", "MemoryUtilization"] : { id = lower(name), visible = true, namespace = "AWS/ECS", name = name, stat = "Maximum", dimensions = local.ecs }
    ] },
    { title = "Table: units a minute", view = "timeSeries", expressions = [], metrics = [
      for name in ["ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits", "ReadThrottleEvents", "WriteThrottleEvents"] : { id = lower(name), visible = true, namespace = "AWS/DynamoDB", name = name, stat = "Sum", dimensions = { TableName = var.table.name } }
    ] },
    { title = "Table: latency, ms", view = "timeSeries", expressions = [], metrics = [
      for operation in local.operations : { id = lower(operation), visible = true, namespace = "AWS/DynamoDB", name = "SuccessfulRequestLatency", stat = "p99", dimensions = { TableName = var.table.name, Operation = operation } }
    ] },
    { title = "Firewall, requests a minute", view = "timeSeries", expressions = [], metrics = [
      for name in ["AllowedRequests", "BlockedRequests"] : { id = lower(name), visible = true, namespace = "AWS/WAFV2", name = name, stat = "Sum", dimensions = { Region = data.aws_region.current.name, WebACL = var.web_acl_name, Rule = "ALL" } }
    ] },
  ]
}

resource "aws_cloudwatch_dashboard" "main" {
  dashboard_name = var.name

  dashboard_body = jsonencode({
    widgets = concat(
      [for position, widget in local.widgets : {
        type   = "metric"
        x      = position % 2 * 12
        y      = floor(position / 2) * 6
        width  = 12
        height = 6
        properties = {
          title  = widget.title
          view   = widget.view
          region = data.aws_region.current.name
          period = widget.view == "singleValue" ? var.slo.window_days * 86400 : 60
          metrics = concat(
            [for expression in widget.expressions : [{ expression = expression.expression, label = expression.label }]],
            [for metric in widget.metrics : concat(
              [metric.namespace, metric.name],
              flatten([for dimension, value in metric.dimensions : [dimension, value]]),
              [{ id = metric.id, stat = metric.stat, visible = metric.visible }],
            )],
          )
        }
      }],
      [{
        type   = "log"
        x      = 0
        y      = ceil(length(local.widgets) / 2) * 6
        width  = 24
        height = 6
        properties = {
          title  = "Deployments and stopped tasks"
          region = data.aws_region.current.name
          view   = "table"
          query  = "SOURCE '${aws_cloudwatch_log_group.events.name}' | fields @timestamp, detail.eventName, detail.reason, detail.lastStatus, detail.stoppedReason | sort @timestamp desc | limit 50"
        }
      }],
    )
  })
}
