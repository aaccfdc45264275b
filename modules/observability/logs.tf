resource "aws_cloudwatch_log_metric_filter" "log_errors" {
  name           = "${var.name}-log-errors"
  log_group_name = var.service.log_group_name
  pattern        = "{ ($.level = \"error\") || ($.level = \"fatal\") }"

  metric_transformation {
    namespace     = local.namespace
    name          = "log_errors"
    value         = "1"
    default_value = "0"
    unit          = "Count"
  }
}

# The questions of 3 a.m., ready to run.
resource "aws_cloudwatch_query_definition" "main" {
  for_each = {
    "Slow requests"     = <<-EOT
      fields @timestamp, method, route, status, durationMs, requestId, traceId
      | filter msg = "request"
      | sort durationMs desc
      | limit 50
    EOT
    "Errors by route"   = <<-EOT
      filter msg = "request" and status >= 500
      | stats count(*) as errors, pct(durationMs, 99) as p99 by route, method, status, bin(5m)
      | sort errors desc
    EOT
    "One request by id" = <<-EOT
      fields @timestamp, level, msg, method, route, status, durationMs, err.message
      | filter requestId = "PUT-THE-REQUEST-ID-HERE" or traceId = "OR-THE-TRACE-ID-HERE"
      | sort @timestamp asc
    EOT
  }

  name            = "${var.name}/${each.key}"
  log_group_names = [var.service.log_group_name]
  query_string    = each.value
}
