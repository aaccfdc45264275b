# Users first, then what serves them. A deployment is a spike on the right axis of every graph over time: CloudWatch's own
# annotations have fixed dates.
locals {
  deployments = [{ id = "deployments", label = "deployment begins", axis = "right", namespace = local.namespace, name = "deployments", stat = "Sum", dimensions = {} }]

  widgets = concat([
    { title = "Availability, %", objective = min(concat([100], [for one in var.slo.objectives : one.objective_percent if one.kind == "availability"])...), expressions = [
      { label = "available", expression = "100 * (1 - (FILL(e, 0) + FILL(t, 0)) / (FILL(r, 0) + FILL(e, 0)))" },
      ], metrics = [
      { id = "r", hidden = true, namespace = "AWS/ApplicationELB", name = "RequestCount", stat = "Sum", dimensions = local.alb },
      { id = "e", hidden = true, namespace = "AWS/ApplicationELB", name = "HTTPCode_ELB_5XX_Count", stat = "Sum", dimensions = local.alb },
      { id = "t", hidden = true, namespace = "AWS/ApplicationELB", name = "HTTPCode_Target_5XX_Count", stat = "Sum", dimensions = local.alb },
    ] },
    { title = "Error budget left, % of ${var.slo.window_days} days", days = var.slo.window_days, expressions = [
      for key, objective in var.slo.objectives : { label = replace(key, "_", " "), expression = "100 * (1 - (b_${key} / a_${key}) / ${format("%.6f", (100 - objective.objective_percent) / 100)})" }
      ], metrics = flatten([for key, objective in var.slo.objectives : [
        { id = "a_${key}", hidden = true, namespace = local.namespace, name = "${key}_all", stat = "Sum", dimensions = {} },
        { id = "b_${key}", hidden = true, namespace = local.namespace, name = "${key}_bad", stat = "Sum", dimensions = {} },
    ]]) },
    { title = "Traffic, requests a minute", metrics = [
      { id = "r", label = "requests", namespace = "AWS/ApplicationELB", name = "RequestCount", stat = "Sum", dimensions = local.alb },
    ] },
    { title = "Errors a minute, by who made them", metrics = [
      { id = "t", label = "tasks (5xx)", namespace = "AWS/ApplicationELB", name = "HTTPCode_Target_5XX_Count", stat = "Sum", dimensions = local.alb },
      { id = "e", label = "load balancer (5xx)", namespace = "AWS/ApplicationELB", name = "HTTPCode_ELB_5XX_Count", stat = "Sum", dimensions = local.alb },
      { id = "c", label = "callers (4xx)", namespace = "AWS/ApplicationELB", name = "HTTPCode_Target_4XX_Count", stat = "Sum", dimensions = local.alb },
    ] },
    { title = "Latency, seconds", metrics = [
      for stat in ["p50", "p90", "p99"] : { id = stat, label = stat, namespace = "AWS/ApplicationELB", name = "TargetResponseTime", stat = stat, dimensions = local.targets }
    ] },
    { title = "Tasks", metrics = [
      for label, name in { desired = "DesiredTaskCount", running = "RunningTaskCount", pending = "PendingTaskCount" } : { id = label, label = label, namespace = "ECS/ContainerInsights", name = name, stat = "Average", dimensions = local.ecs }
    ] },
    { title = "CPU and memory of the tasks, %", metrics = [
      for label, name in { cpu = "CPUUtilization", memory = "MemoryUtilization" } : { id = label, label = label, namespace = "AWS/ECS", name = name, stat = "Maximum", dimensions = local.ecs }
    ] },
    { title = "Table: units a minute", metrics = [
      for label, name in { reads = "ConsumedReadCapacityUnits", writes = "ConsumedWriteCapacityUnits", "throttled reads" = "ReadThrottleEvents", "throttled writes" = "WriteThrottleEvents" } : { id = replace(label, " ", "_"), label = label, namespace = "AWS/DynamoDB", name = name, stat = "Sum", dimensions = { TableName = var.table.name } }
    ] },
    { title = "Table: latency, ms", metrics = [
      for operation in local.operations : { id = lower(operation), label = "${operation} p99", namespace = "AWS/DynamoDB", name = "SuccessfulRequestLatency", stat = "p99", dimensions = { TableName = var.table.name, Operation = operation } }
    ] },
    { title = "Firewall, requests a minute", metrics = [
      for label, name in { allowed = "AllowedRequests", blocked = "BlockedRequests" } : { id = label, label = label, namespace = "AWS/WAFV2", name = name, stat = "Sum", dimensions = { Region = data.aws_region.current.name, WebACL = var.web_acl_name, Rule = "ALL" } }
    ] },
    ], var.outside == null ? [] : [
    { title = "Outside probes that were good, a minute", metrics = [
      { id = "g", label = "good", namespace = local.namespace, name = "outside_probes_good", stat = "Sum", dimensions = {} },
    ] },
  ])
}

resource "aws_cloudwatch_dashboard" "main" {
  dashboard_name = var.name

  dashboard_body = jsonencode({
    start          = "-PT3H"
    periodOverride = "inherit" # titles say "a minute", whatever time range is looked at
    widgets = concat(
      [for position, widget in local.widgets : {
        type   = "metric"
        x      = position % 2 * 12
        y      = floor(position / 2) * 6
        width  = 12
        height = 6
        properties = merge(
          {
            title  = widget.title
            region = data.aws_region.current.name
            metrics = concat(
              [for expression in try(widget.expressions, []) : [{ expression = expression.expression, label = expression.label }]],
              [for metric in concat(widget.metrics, [for mark in local.deployments : mark if !can(widget.days)]) : concat(
                [metric.namespace, metric.name],
                flatten([for dimension, value in metric.dimensions : [dimension, value]]),
                [merge(
                  { id = metric.id, stat = metric.stat, visible = !can(metric.hidden), yAxis = try(metric.axis, "left") },
                  { for label in [try(metric.label, null)] : "label" => label if label != null },
                )],
              )],
            )
          },
          # Number over the whole window, or graph over the dashboard's time range.
          { for days in [try(widget.days, null)] : "view" => days == null ? "timeSeries" : "singleValue" },
          { for days in [try(widget.days, null)] : "start" => "-P${days}D" if days != null },
          { for days in [try(widget.days, null)] : "setPeriodToTimeRange" => true if days != null },
          { for days in [try(widget.days, null)] : "period" => 60 if days == null },
          { for days in [try(widget.days, null)] : "yAxis" => { left = { showUnits = false }, right = { min = 0, showUnits = false } } if days == null },
          { for value in [try(widget.objective, null)] : "annotations" => { horizontal = [{ label = "objective", value = value }] } if value != null },
        )
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
