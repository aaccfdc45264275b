# What breaks the objectives, or is about to. Each entry is one alarm; its key is also the paragraph of the runbook. What
# maintenance mode would ring tells by a second alarm, which is quiet meanwhile (`quiet`).

locals {
  alb     = { LoadBalancer = var.load_balancer.arn_suffix }
  targets = { LoadBalancer = var.load_balancer.arn_suffix, TargetGroup = var.load_balancer.target_group_arn_suffix }
  ecs     = { ClusterName = var.service.cluster_name, ServiceName = var.service.service_name }

  operations = toset(["BatchGetItem", "GetItem", "PutItem", "DeleteItem", "Query", "Scan"])

  symptoms = merge(
    {
      no-healthy-task = {
        meaning  = "Nobody is served: the load balancer has no healthy task left."
        severity = "page", query = "Tasks and deployments", period = 60, evaluations = 1, threshold = 1, comparison = "LessThanThreshold", missing = "breaching"
        metrics  = { healthy = { namespace = "AWS/ApplicationELB", name = "HealthyHostCount", stat = "Minimum", dimensions = local.targets } }
      }
      edge-errors = {
        meaning    = "The load balancer itself answers errors, before any task has seen the request."
        severity   = "page", query = "Tasks and deployments", period = 60, evaluations = 3, threshold = 1, quiet = true
        expression = "IF(FILL(errors, 0) >= 5, 100 * errors / (FILL(requests, 0) + errors), 0)"
        metrics = {
          errors   = { namespace = "AWS/ApplicationELB", name = "HTTPCode_ELB_5XX_Count", stat = "Sum", dimensions = local.alb }
          requests = { namespace = "AWS/ApplicationELB", name = "RequestCount", stat = "Sum", dimensions = local.alb }
        }
      }
      task-errors = {
        meaning    = "More than one answer in a hundred from the tasks is an error."
        severity   = "page", period = 60, evaluations = 5, threshold = 1
        expression = "IF(FILL(errors, 0) >= 5, 100 * errors / requests, 0)"
        metrics = {
          errors   = { namespace = "AWS/ApplicationELB", name = "HTTPCode_Target_5XX_Count", stat = "Sum", dimensions = local.targets }
          requests = { namespace = "AWS/ApplicationELB", name = "RequestCount", stat = "Sum", dimensions = local.targets }
        }
      }
      slow-answers = {
        meaning  = "One answer in a hundred takes longer than a second."
        severity = "ticket", query = "Slow requests", period = 300, evaluations = 3, threshold = 1
        metrics  = { p99 = { namespace = "AWS/ApplicationELB", name = "TargetResponseTime", stat = "p99", dimensions = local.targets } }
      }
      fewer-tasks-than-desired = {
        meaning    = "Users are served by fewer tasks than the load asks for; the next loss may be felt."
        severity   = "ticket", query = "Tasks and deployments", period = 60, evaluations = 10, threshold = 1
        expression = "desired - running"
        metrics = {
          desired = { namespace = "ECS/ContainerInsights", name = "DesiredTaskCount", stat = "Maximum", dimensions = local.ecs }
          running = { namespace = "ECS/ContainerInsights", name = "RunningTaskCount", stat = "Minimum", dimensions = local.ecs }
        }
      }
      tasks-restarting = {
        meaning  = "Tasks keep failing and being replaced; users may see errors in between."
        severity = "ticket", query = "Tasks and deployments", period = 900, evaluations = 1, threshold = 3
        metrics  = { stops = { namespace = local.namespace, name = "task_failures", stat = "Sum", dimensions = {} } }
      }
      collector-away = {
        meaning  = "A collector has stopped and was not started again: metrics and traces of its task are missing. Users feel nothing."
        severity = "ticket", query = "Tasks and deployments", period = 300, evaluations = 1, threshold = 1
        metrics  = { lost = { namespace = local.namespace, name = "containers_lost", stat = "Sum", dimensions = {} } }
      }
      scaling-at-maximum = {
        meaning  = "The service can't grow any further: more load will be felt as waiting and 503s."
        severity = "ticket", period = 60, evaluations = 15, threshold = var.service.maximum_tasks
        metrics  = { desired = { namespace = "ECS/ContainerInsights", name = "DesiredTaskCount", stat = "Maximum", dimensions = local.ecs } }
      }
      table-throttled = {
        meaning    = "The table refuses requests because they come too fast, mostly for one hot partition: users get 503s."
        severity   = "ticket", query = "Logged errors", period = 60, evaluations = 5, threshold = 1
        expression = "SUM(FILL(METRICS(), 0))"
        metrics = merge([
          for event in ["ReadThrottleEvents", "WriteThrottleEvents"] : merge(
            { (lower(event)) = { namespace = "AWS/DynamoDB", name = event, stat = "Sum", dimensions = { TableName = var.table.name } } },
            { for index in var.table.indexes : "${lower(event)}_${replace(index, "-", "_")}" => { namespace = "AWS/DynamoDB", name = event, stat = "Sum", dimensions = { TableName = var.table.name, GlobalSecondaryIndexName = index } } },
          )
        ]...)
      }
      table-errors = {
        meaning    = "DynamoDB itself fails: users get 503s until it recovers."
        severity   = "page", query = "Logged errors", period = 60, evaluations = 3, threshold = 5
        expression = "SUM(FILL(METRICS(), 0))"
        metrics = { for operation in local.operations : lower(operation) => {
          namespace = "AWS/DynamoDB", name = "SystemErrors", stat = "Sum", dimensions = { TableName = var.table.name, Operation = operation }
        } }
      }
      table-near-its-limit = {
        meaning    = "The table uses more than 80 % of the throughput that the account grants it; beyond it requests are refused."
        severity   = "ticket", period = 60, evaluations = 5, threshold = 80
        expression = "100 * MAX([FILL(reads, 0), FILL(writes, 0)]) / (${var.table_throughput_limit} * PERIOD(reads))"
        metrics = {
          reads  = { namespace = "AWS/DynamoDB", name = "ConsumedReadCapacityUnits", stat = "Sum", dimensions = { TableName = var.table.name } }
          writes = { namespace = "AWS/DynamoDB", name = "ConsumedWriteCapacityUnits", stat = "Sum", dimensions = { TableName = var.table.name } }
        }
      }
      log-errors = {
        meaning  = "The service logs errors that no user may have seen yet."
        severity = "ticket", query = "Logged errors", period = 300, evaluations = 1, threshold = 10
        metrics  = { errors = { namespace = local.namespace, name = "log_errors", stat = "Sum", dimensions = {} } }
      }
      logs-missing = {
        meaning  = "Nothing is logged any more: what goes wrong now is not seen."
        severity = "ticket", query = "Tasks and deployments", period = 300, evaluations = 3, threshold = 1, comparison = "LessThanThreshold", missing = "breaching"
        metrics  = { events = { namespace = "AWS/Logs", name = "IncomingLogEvents", stat = "Sum", dimensions = { LogGroupName = var.service.log_group_name } } }
      }
      memory-high = {
        meaning  = "The tasks use most of their memory; beyond it they are killed and users see errors. More tasks don't help."
        severity = "ticket", query = "Tasks and deployments", period = 300, evaluations = 3, threshold = 85
        metrics  = { memory = { namespace = "AWS/ECS", name = "MemoryUtilization", stat = "Maximum", dimensions = local.ecs } }
      }
      maintenance = {
        meaning  = "Maintenance mode is on: callers are answered 503, on purpose and until its stated end."
        severity = "ticket", period = 60, evaluations = 1, threshold = 1
        metrics  = { told = { namespace = "AWS/WAFV2", name = "BlockedRequests", stat = "Sum", dimensions = { Region = data.aws_region.current.name, WebACL = var.web_acl_name, Rule = var.maintenance.rule_metric } } }
      }
      maintenance-not-ended = {
        meaning  = "Maintenance mode was to end by itself and didn't: callers go on being answered 503."
        severity = "page", period = 60, evaluations = 1, threshold = 1
        metrics  = { failed = { namespace = "AWS/Scheduler", name = "TargetErrorCount", stat = "Sum", dimensions = { ScheduleGroup = var.maintenance.schedule_group } } }
      }
      events-lost = {
        meaning  = "Events of tasks and deployments are not written down: tasks that keep restarting would not be seen."
        severity = "ticket", query = "Tasks and deployments", period = 300, evaluations = 1, threshold = 1
        metrics  = { lost = { namespace = "AWS/Events", name = "FailedInvocations", stat = "Sum", dimensions = { RuleName = aws_cloudwatch_event_rule.recorded.name } } }
      }
      metrics-missing = {
        meaning  = "ECS reports no running task, or reports nothing: tasks are gone, or they are not seen."
        severity = "page", query = "Tasks and deployments", period = 60, evaluations = 5, threshold = 1, comparison = "LessThanThreshold", missing = "breaching"
        metrics  = { running = { namespace = "ECS/ContainerInsights", name = "RunningTaskCount", stat = "Maximum", dimensions = local.ecs } }
      }
    },
    {
      for zone in var.zones : "no-healthy-task-in-${zone}" => {
        meaning  = "Zone ${zone} serves nobody; users are served by the other zones, with less in reserve."
        severity = "ticket", query = "Tasks and deployments", period = 60, evaluations = 5, threshold = 1, comparison = "LessThanThreshold", missing = "breaching", runbook = "no-healthy-task-in-a-zone"
        metrics  = { healthy = { namespace = "AWS/ApplicationELB", name = "HealthyHostCount", stat = "Minimum", dimensions = merge(local.targets, { AvailabilityZone = zone }) } }
      }
    },
    {
      # A missed probe, and one that broke off, is a minute with lines and without a good one: 0. No line at all is missing.
      for name in var.outside == null ? [] : ["outside-probe"] : name => {
        meaning  = "A caller outside can't sign in and read a movie, twice in a row; or no probe is made any more."
        severity = "page", query = "Outside probes", period = 60, evaluations = 2, threshold = 1, comparison = "LessThanThreshold", missing = "breaching", quiet = true
        metrics  = { good = { namespace = local.namespace, name = "outside_probes_good", stat = "Sum", dimensions = {} } }
      }
    },
    {
      for name in var.backup_vault == null ? [] : ["backup-failed"] : name => {
        meaning  = "A backup of the table was not made: data that is lost beyond the last 35 days can't be brought back."
        severity = "ticket", period = 3600, evaluations = 1, threshold = 1
        metrics  = { failed = { namespace = "AWS/Backup", name = "NumberOfBackupJobsFailed", stat = "Sum", dimensions = { BackupVaultName = var.backup_vault } } }
      }
    },
    {
      for name in var.certificate == null ? [] : ["certificate-expiring"] : name => {
        meaning  = "In less than 30 days browsers and clients will refuse to connect: the certificate was not renewed."
        severity = "ticket", period = 86400, evaluations = 1, threshold = 30, comparison = "LessThanThreshold", missing = "ignore" # an expired one is reported no more
        metrics  = { days = { namespace = "AWS/CertificateManager", name = "DaysToExpiry", stat = "Minimum", dimensions = { CertificateArn = var.certificate.arn } } }
      }
    },
    {
      # Until AWS plans the end of a version, the metric stays at the whole lifetime that a version has, far above 30.
      for name in length(var.rule_versions) == 0 ? [] : ["firewall-rules-expiring"] : name => {
        meaning    = "In less than 30 days AWS ends a version of its firewall rules that is pinned here: from then on it uses its own, and refuses each change of the firewall."
        severity   = "ticket", query = "Blocked requests", period = 86400, evaluations = 1, threshold = 30, comparison = "LessThanThreshold", missing = "ignore"
        expression = "MIN(METRICS())"
        metrics = { for group, version in var.rule_versions : lower(group) => {
          namespace = "AWS/WAFV2", name = "DaysToExpiry", stat = "Minimum", dimensions = { Region = data.aws_region.current.name, ManagedRuleGroup = group, Vendor = "AWS", Version = version }
        } }
      }
    },
  )
}

resource "aws_cloudwatch_metric_alarm" "symptom" {
  for_each = local.symptoms

  alarm_name          = "${var.name}-${each.key}${can(each.value.quiet) ? "-seen" : ""}"
  alarm_description   = format(local.describe, each.value.meaning, each.value.severity, "${try(each.value.query, "Errors by route")}, ${local.look_back[each.value.severity]}", try(each.value.runbook, each.key))
  alarm_actions       = can(each.value.quiet) ? [] : [aws_sns_topic.main[each.value.severity].arn]
  ok_actions          = can(each.value.quiet) ? [] : [aws_sns_topic.main[each.value.severity].arn]
  comparison_operator = try(each.value.comparison, "GreaterThanOrEqualToThreshold")
  threshold           = each.value.threshold
  treat_missing_data  = try(each.value.missing, "notBreaching")

  # FILL makes a good number of a minute that is not published yet. So one more is looked at than has to be wrong, or the
  # newest would keep the alarm from ever firing.
  evaluation_periods  = each.value.evaluations + (strcontains(try(each.value.expression, ""), "FILL") ? 1 : 0)
  datapoints_to_alarm = each.value.evaluations

  dynamic "metric_query" {
    for_each = { for expression in [try(each.value.expression, null)] : "result" => expression if expression != null }

    content {
      id          = metric_query.key
      label       = each.key
      expression  = metric_query.value
      return_data = true
    }
  }

  dynamic "metric_query" {
    for_each = each.value.metrics

    content {
      id          = metric_query.key
      return_data = try(each.value.expression, null) == null

      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.name
        stat        = metric_query.value.stat
        period      = each.value.period
        dimensions  = metric_query.value.dimensions
      }
    }
  }
}

# Attacks come in jumps: what counts is more blocked requests than this hour of this weekday usually sees.
resource "aws_cloudwatch_metric_alarm" "blocked_requests" {
  alarm_name = "${var.name}-blocked-requests-seen"
  alarm_description = format(local.describe,
  "The firewall blocks far more requests than usual: an attack, or a rule that hits real users.", "ticket", "Blocked requests, ${local.look_back.ticket}", "blocked-requests")
  comparison_operator = "GreaterThanUpperThreshold"
  threshold_metric_id = "usual"
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "usual"
    label       = "Usually blocked"
    expression  = "ANOMALY_DETECTION_BAND(blocked, 4)"
    return_data = true
  }

  metric_query {
    id          = "blocked"
    return_data = true

    metric {
      namespace   = "AWS/WAFV2"
      metric_name = "BlockedRequests"
      stat        = "Sum"
      period      = 300
      dimensions  = { Region = data.aws_region.current.name, WebACL = var.web_acl_name, Rule = "ALL" }
    }
  }
}

# What maintenance mode rings is seen all the time and told outside of it: an alarm over one alarm can be quiet while
# another one is on. It waits as long as that takes to fire, and after maintenance as long as it takes itself to resolve.
resource "aws_cloudwatch_composite_alarm" "unless_maintenance" {
  for_each = merge(
    { for key, symptom in local.symptoms : key => { severity = symptom.severity, seen = aws_cloudwatch_metric_alarm.symptom[key] } if can(symptom.quiet) },
    { blocked-requests = { severity = "ticket", seen = aws_cloudwatch_metric_alarm.blocked_requests } },
  )

  alarm_name        = "${var.name}-${each.key}"
  alarm_description = each.value.seen.alarm_description
  alarm_rule        = format("ALARM(%q)", each.value.seen.alarm_name)
  alarm_actions     = [aws_sns_topic.main[each.value.severity].arn]
  ok_actions        = [aws_sns_topic.main[each.value.severity].arn]

  actions_suppressor {
    alarm            = aws_cloudwatch_metric_alarm.symptom["maintenance"].alarm_name
    wait_period      = 120
    extension_period = 900
  }
}
