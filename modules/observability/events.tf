# What ECS tells only in events: a task that failed, a deployment that failed or was rolled back.

resource "aws_cloudwatch_log_group" "events" {
  name              = "/${var.name}/events"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

data "aws_iam_policy_document" "events" {
  statement {
    sid       = "EventBridgeWrites"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.events.arn}:*"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com", "delivery.logs.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.recorded.arn]
    }
  }
}

resource "aws_cloudwatch_log_resource_policy" "events" {
  policy_name     = "${var.name}-events"
  policy_document = data.aws_iam_policy_document.events.json
}

# Everything that happens to the service's tasks and deployments, for the dashboard and whoever reads up on it later.
resource "aws_cloudwatch_event_rule" "recorded" {
  name        = "${var.name}-recorded"
  description = "Tasks that stop and deployments of ${var.service.service_name}"

  event_pattern = jsonencode({
    source        = ["aws.ecs"]
    "detail-type" = ["ECS Task State Change", "ECS Deployment State Change", "ECS Service Action"]
    "$or" = [
      { detail = { group = ["service:${var.service.service_name}"], lastStatus = ["STOPPED"] } },
      { resources = [{ suffix = "service/${var.service.cluster_name}/${var.service.service_name}" }] },
    ]
  })
}

resource "aws_cloudwatch_event_target" "recorded" {
  rule = aws_cloudwatch_event_rule.recorded.name
  arn  = aws_cloudwatch_log_group.events.arn
}

# Stopped by neither scaling nor a deployment: it failed.
resource "aws_cloudwatch_log_metric_filter" "task_failures" {
  name           = "${var.name}-task-failures"
  log_group_name = aws_cloudwatch_log_group.events.name
  pattern        = "{ ($.detail.lastStatus = \"STOPPED\") && (($.detail.stopCode = \"EssentialContainerExited\") || ($.detail.stopCode = \"TaskFailedToStart\") || ($.detail.stoppedReason = \"Task failed ELB health checks*\") || ($.detail.stoppedReason = \"Task failed container health checks*\")) }"

  metric_transformation {
    namespace     = local.namespace
    name          = "task_failures"
    value         = "1"
    default_value = "0"
    unit          = "Count"
  }
}

# For the dashboard: when each deployment began.
resource "aws_cloudwatch_log_metric_filter" "deployments" {
  name           = "${var.name}-deployments"
  log_group_name = aws_cloudwatch_log_group.events.name
  pattern        = "{ $.detail.eventName = \"SERVICE_DEPLOYMENT_IN_PROGRESS\" }"

  metric_transformation {
    namespace     = local.namespace
    name          = "deployments"
    value         = "1"
    default_value = "0"
    unit          = "Count"
  }
}

# A rollback shows as a deployment IN_PROGRESS whose reason says so: the circuit breaker or an alarm has undone a release.
resource "aws_cloudwatch_event_rule" "deployment" {
  for_each = {
    failed = {
      "detail-type" = ["ECS Deployment State Change"]
      detail        = { eventName = ["SERVICE_DEPLOYMENT_FAILED"] }
    }
    rolled-back = {
      "detail-type" = ["ECS Deployment State Change"]
      detail        = { reason = [{ wildcard = "*rolling back*" }] }
    }
    impaired = {
      "detail-type" = ["ECS Service Action"]
      detail        = { eventName = ["SERVICE_TASK_START_IMPAIRED", "SERVICE_TASK_PLACEMENT_FAILURE"] }
    }
  }

  name        = "${var.name}-deployment-${each.key}"
  description = "A deployment of ${var.service.service_name} is ${replace(each.key, "-", " ")}"

  event_pattern = jsonencode(merge(each.value, {
    source    = ["aws.ecs"]
    resources = [{ suffix = "service/${var.service.cluster_name}/${var.service.service_name}" }]
  }))
}

resource "aws_cloudwatch_event_target" "deployment" {
  for_each = aws_cloudwatch_event_rule.deployment

  rule = each.value.name
  arn  = aws_sns_topic.main["page"].arn

  input_transformer {
    input_paths    = { reason = "$.detail.reason", event = "$.detail.eventName", time = "$.time" }
    input_template = "\"${var.name}: <event> at <time>. <reason> Users are served by the previous version. Severity: page. Runbook: ${var.runbook_url}#deployment-${each.key}\""
  }
}
