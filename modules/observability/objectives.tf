# Burn-rate alarms on the objectives of docs/slo.yaml. The load balancer's metrics can't tell reads from writes, so the
# request log, which can, is counted by metric filters. An alarm per window, joined in pairs: the long window says that
# it matters, the short one that it still goes on.

locals {
  seconds = { m = 60, h = 3600, d = 86400 }

  counts = merge([
    for key, objective in var.slo.objectives : {
      "${key}_all" = { methods = objective.methods, condition = "" }
      "${key}_bad" = {
        methods   = objective.methods
        condition = objective.kind == "availability" ? " && ($.status >= 500)" : " && (($.status >= 500) || ($.durationMs > ${coalesce(objective.bound_ms, 0)}))"
      }
    }
  ]...)

  windows = {
    for window in flatten([
      for key, objective in var.slo.objectives : [
        for burn in var.slo.burn_rates : [
          for length in [burn.long, burn.short] : {
            objective = key
            severity  = burn.severity
            target    = objective.objective_percent
            factor    = burn.factor
            length    = length
            period    = tonumber(regex("^[0-9]+", length)) * local.seconds[regex("[mhd]$", length)]
          }
        ]
      ]
    ]) : "${window.objective} ${window.severity} ${window.length}" => window
  }

  burns = {
    for pair in setproduct(keys(var.slo.objectives), local.severities) : "${pair[0]} ${pair[1]}" => {
      objective = pair[0]
      severity  = pair[1]
      rates     = [for burn in var.slo.burn_rates : burn if burn.severity == pair[1]]
    }
  }
}

resource "aws_cloudwatch_log_metric_filter" "objective" {
  for_each = local.counts

  name           = "${var.name}-${each.key}"
  log_group_name = var.service.log_group_name
  pattern        = "{ ($.msg = \"request\") && ($.route = \"/movies*\") && (${join(" || ", [for method in sort(each.value.methods) : "$.method = \"${method}\""])})${each.value.condition} }"

  metric_transformation {
    namespace     = local.namespace
    name          = each.key
    value         = "1"
    default_value = "0"
    unit          = "Count"
  }
}

resource "aws_cloudwatch_metric_alarm" "window" {
  for_each = local.windows

  alarm_name          = "${var.name}-${replace(each.value.objective, "_", "-")}-${each.value.severity}-${each.value.length}"
  alarm_description   = "Part of ${var.name}-${replace(each.value.objective, "_", "-")}-${each.value.severity}: burn of the error budget over ${each.value.length}. Tells nobody by itself."
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.factor
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "burn"
    label       = "Burn rate"
    return_data = true
    expression  = "IF(FILL(bad, 0) >= ${var.slo.minimum_bad_answers}, (bad / all) / ${format("%.6f", (100 - each.value.target) / 100)}, 0)"
  }

  dynamic "metric_query" {
    for_each = { bad = "${each.value.objective}_bad", all = "${each.value.objective}_all" }

    content {
      id = metric_query.key

      metric {
        namespace   = local.namespace
        metric_name = metric_query.value
        period      = each.value.period
        stat        = "Sum"
      }
    }
  }

  depends_on = [aws_cloudwatch_log_metric_filter.objective] # a metric is named here before any filter has written it
}

resource "aws_cloudwatch_composite_alarm" "burn" {
  for_each = local.burns

  alarm_name = "${var.name}-${replace(each.value.objective, "_", "-")}-${each.value.severity}"
  alarm_description = format(local.describe,
    "${var.slo.objectives[each.value.objective].user_impact} The error budget of ${var.slo.window_days} days burns ${join(" or ", [for rate in each.value.rates : "${rate.factor} times too fast over ${rate.long}"])}.",
    each.value.severity,
    "${var.slo.objectives[each.value.objective].kind == "latency" ? "Slow requests" : "Errors by route"}, last ${each.value.rates[length(each.value.rates) - 1].long}",
  replace(each.value.objective, "_", "-"))
  alarm_actions = [aws_sns_topic.main[each.value.severity].arn]
  ok_actions    = [aws_sns_topic.main[each.value.severity].arn]

  alarm_rule = join(" OR ", [for rate in each.value.rates : format("(ALARM(%q) AND ALARM(%q))",
    aws_cloudwatch_metric_alarm.window["${each.value.objective} ${each.value.severity} ${rate.long}"].alarm_name,
    aws_cloudwatch_metric_alarm.window["${each.value.objective} ${each.value.severity} ${rate.short}"].alarm_name,
  )])
}
