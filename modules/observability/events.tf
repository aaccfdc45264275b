# What ECS tells only in events: a task that failed, a deployment that failed or was rolled back.

resource "aws_cloudwatch_log_group" "events" {
  name              = "/${var.name}/events"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

data "aws_iam_policy_document" "events" {
  # The call that makes a stream names no source; without this one nothing would ever be written, and nobody told.
  statement {
    sid       = "EventBridgeOpensStreams"
    actions   = ["logs:CreateLogStream"]
    resources = ["${aws_cloudwatch_log_group.events.arn}:*"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com", "delivery.logs.amazonaws.com"]
    }
  }

  statement {
    sid       = "RuleWritesEvents"
    actions   = ["logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.events.arn}:*:*"]

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
  description = "Tasks that start or stop, their containers, and deployments of ${var.service.service_name}"

  event_pattern = jsonencode({
    source        = ["aws.ecs"]
    "detail-type" = ["ECS Task State Change", "ECS Deployment State Change", "ECS Service Action"]
    "$or" = [
      { detail = { group = ["service:${var.service.service_name}"], lastStatus = ["STOPPED", "RUNNING"] } },
      { resources = [{ suffix = "service/${var.service.cluster_name}/${var.service.service_name}" }] },
    ]
  })
}

resource "aws_cloudwatch_event_target" "recorded" {
  rule = aws_cloudwatch_event_rule.recorded.name
  arn  = aws_cloudwatch_log_group.events.arn
}

# What is counted of the logs. A task that was stopped by neither scaling nor a deployment has failed; it goes on without its
# collector, which ECS has then given up; the dashboard shows
# when each deployment began.
resource "aws_cloudwatch_log_metric_filter" "main" {
  for_each = merge({
    task_failures = {
      group   = aws_cloudwatch_log_group.events.name
      pattern = "{ ($.detail.lastStatus = \"STOPPED\") && (($.detail.stopCode = \"EssentialContainerExited\") || ($.detail.stopCode = \"TaskFailedToStart\") || ($.detail.stoppedReason = \"Task failed ELB health checks*\") || ($.detail.stoppedReason = \"Task failed container health checks*\")) }"
    }
    containers_lost = {
      group   = aws_cloudwatch_log_group.events.name
      pattern = "{ ($.detail.lastStatus = \"RUNNING\") && ($.detail.desiredStatus = \"RUNNING\") && (($.detail.containers[0].lastStatus = \"STOPPED\") || ($.detail.containers[1].lastStatus = \"STOPPED\")) }"
    }
    deployments = {
      group   = aws_cloudwatch_log_group.events.name
      pattern = "{ $.detail.eventName = \"SERVICE_DEPLOYMENT_IN_PROGRESS\" }"
    }
    log_errors = {
      group   = var.service.log_group_name
      pattern = "{ ($.level = \"error\") || ($.level = \"fatal\") }"
    }
    }, var.outside == null ? {} : {
    outside_probes_good = {
      group   = var.outside.log_group_name
      pattern = "{ $.ok IS TRUE }"
    }
  })

  name           = "${var.name}-${replace(each.key, "_", "-")}"
  log_group_name = each.value.group
  pattern        = each.value.pattern

  metric_transformation {
    namespace     = local.namespace
    name          = each.key
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

  rule     = each.value.name
  arn      = aws_sns_topic.main["page"].arn
  role_arn = aws_iam_role.events.arn

  input_transformer {
    input_paths    = { reason = "$.detail.reason", event = "$.detail.eventName", time = "$.time" }
    input_template = "\"${var.name}: <event> at <time>. <reason> Users are served by the previous version. Severity: page. Dashboard: ${local.dashboard_url} Saved query: ${var.name}/Tasks and deployments, ${local.look_back.page}. Runbook: ${var.runbook_url}#deployment-${each.key}\""
  }
}

# A test of AWS Backup that fails, or a restore that somebody waits for. No metric of AWS Backup tells one role's restores from others'.
resource "aws_cloudwatch_event_rule" "restore" {
  for_each = toset(var.restore_role == null ? [] : ["failed"])

  name        = "${var.name}-restore-${each.key}"
  description = "A restore from the backups of ${var.name}, or a test of one, has ${each.key}"

  event_pattern = jsonencode({
    source        = ["aws.backup"]
    "detail-type" = ["Restore Job State Change"]
    detail        = { status = ["FAILED", "ABORTED"], iamRoleArn = [{ suffix = ":role/${var.restore_role}" }] }
  })
}

resource "aws_cloudwatch_event_target" "restore" {
  for_each = aws_cloudwatch_event_rule.restore

  rule     = each.value.name
  arn      = aws_sns_topic.main["ticket"].arn
  role_arn = aws_iam_role.events.arn

  input_transformer {
    input_paths    = { job = "$.detail.restoreJobId", time = "$.time" }
    input_template = "\"${var.name}: restore job <job> failed at <time>. Whether its backups can be restored is not known. Severity: ticket. Dashboard: ${local.dashboard_url} Saved query: ${var.name}/Tasks and deployments, ${local.look_back.ticket}. Runbook: ${var.runbook_url}#restore-${each.key}\""
  }
}

resource "aws_iam_role" "events" {
  name                 = "${var.name}-events-${replace(data.aws_region.current.name, "/-|orth|outh|ast|est|entral/", "")}" # global, so with its region
  description          = "EventBridge tells people of deployments and failed restores of ${var.name}"
  assume_role_policy   = data.aws_iam_policy_document.events_assume.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "events" {
  name   = "page"
  role   = aws_iam_role.events.id
  policy = data.aws_iam_policy_document.events_page.json
}

data "aws_iam_policy_document" "events_assume" {
  statement {
    sid     = "RulesOfThisAccount"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

data "aws_iam_policy_document" "events_page" {
  statement {
    sid       = "TellPeople"
    actions   = ["sns:Publish"]
    resources = [for topic in aws_sns_topic.main : topic.arn]
  }

  statement {
    sid       = "KeyOfTheTopicThroughIt"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["sns.${data.aws_region.current.name}.${data.aws_partition.current.dns_suffix}"]
    }
  }
}

# The questions of 3 a.m., ready to run.
resource "aws_cloudwatch_query_definition" "main" {
  for_each = merge({
    "Refused tokens" = { group = var.service.log_group_name, query = <<-EOT
      filter ispresent(refusal)
      | stats count(*) as times, latest(requestId) as request by refusal, route, status, bin(5m)
      | sort times desc
    EOT
    }
    "Slow requests" = { group = var.service.log_group_name, query = <<-EOT
      fields @timestamp, method, route, status, durationMs, requestId, traceId
      | filter msg = "request"
      | sort durationMs desc
      | limit 50
    EOT
    }
    "Errors by route" = { group = var.service.log_group_name, query = <<-EOT
      filter msg = "request" and status >= 500
      | stats count(*) as errors, pct(durationMs, 99) as p99 by route, method, status, bin(5m)
      | sort errors desc
    EOT
    }
    "One request by id" = { group = var.service.log_group_name, query = <<-EOT
      fields @timestamp, level, msg, method, route, status, durationMs, err.message
      | filter requestId = "PUT-THE-REQUEST-ID-HERE" or traceId = "OR-THE-TRACE-ID-HERE"
      | sort @timestamp asc
    EOT
    }
    "Logged errors" = { group = var.service.log_group_name, query = <<-EOT
      filter ispresent(err.type) or level = "error" or level = "fatal"
      | stats count(*) as times, max(@timestamp) as last, latest(requestId) as request by msg, err.type, err.message, err.cause.message
      | sort times desc
    EOT
    }
    "Tasks and deployments" = { group = aws_cloudwatch_log_group.events.name, query = <<-EOT
      fields @timestamp, detail.eventName, detail.reason, detail.stopCode, detail.stoppedReason, detail.availabilityZone, detail.containers.0.name, detail.containers.0.exitCode, detail.containers.0.reason, detail.containers.1.name, detail.containers.1.exitCode, detail.containers.1.reason
      | sort @timestamp desc
      | limit 50
    EOT
    }
    "Blocked requests" = { group = "aws-waf-logs-${var.web_acl_name}", query = <<-EOT
      filter action = "BLOCK"
      | stats count(*) as blocked by terminatingRuleId, httpRequest.country, httpRequest.clientIp
      | sort blocked desc
      | limit 50
    EOT
    }
    }, var.outside == null ? {} : {
    "Outside probes" = { group = var.outside.log_group_name, query = <<-EOT
      fields @timestamp, ok, cause, what, answerMs, certificateDays
      | filter ispresent(ok)
      | sort @timestamp desc
      | limit 60
    EOT
    }
  })

  name            = "${var.name}/${each.key}"
  log_group_names = [each.value.group]
  query_string    = each.value.query
}
