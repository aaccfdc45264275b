mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/movies-api-test-events-euw1" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/movies-api-test/events" }
  }

  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:eu-west-1:123456789012:rule/movies-api-test" }
  }
}

override_resource {
  target = aws_sns_topic.main["page"]
  values = { arn = "arn:aws:sns:eu-west-1:123456789012:page" }
}

override_resource {
  target = aws_sns_topic.main["ticket"]
  values = { arn = "arn:aws:sns:eu-west-1:123456789012:ticket" }
}

variables {
  name = "movies-api-test"
  load_balancer = {
    arn_suffix              = "app/movies-api-test/0123456789abcdef"
    target_group_arn_suffix = "targetgroup/api/0123456789abcdef"
  }
  service = {
    cluster_name   = "movies-api-test"
    service_name   = "movies-api-test"
    maximum_tasks  = 4
    log_group_name = "/movies-api-test/api"
  }
  zones         = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
  table         = { name = "movies-api-test", indexes = ["title-year"] }
  web_acl_name  = "movies-api-test"
  maintenance   = { rule_metric = "movies-api-test-maintenance", schedule_group = "movies-api-test-maintenance" }
  certificate   = { arn = "certificate-arn" }
  rule_versions = { AWSManagedRulesCommonRuleSet = "Version_1.19", AWSManagedRulesSQLiRuleSet = "Version_2.0" }
  backup_vault  = "movies-api-test"
  restore_role  = "movies-api-test-restore-euw1"
  slo = {
    window_days         = 30
    minimum_bad_answers = 10
    objectives = {
      availability_reads = { kind = "availability", methods = ["GET", "HEAD"], objective_percent = 99.9, user_impact = "Errors." }
      latency_reads      = { kind = "latency", methods = ["GET", "HEAD"], objective_percent = 99, bound_ms = 250, user_impact = "Waiting." }
    }
    burn_rates = [
      { severity = "page", factor = 14.4, long = "1h", short = "5m" },
      { severity = "page", factor = 6, long = "6h", short = "30m" },
      { severity = "ticket", factor = 1, long = "3d", short = "6h" },
    ]
  }
  runbook_url        = "https://example.com/runbook.md"
  log_retention_days = 90
  kms_key_arn        = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000"
  monthly_budget_usd = 100
  cost_tag           = { key = "environment", value = "test" }
}

run "each_alarm_says_what_it_means_how_urgent_it_is_what_to_open_and_where_to_read_on" {
  assert {
    condition = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.symptom), values(aws_cloudwatch_composite_alarm.burn), values(aws_cloudwatch_composite_alarm.unless_maintenance)) :
      can(regex("^[A-Z].+\\. Severity: (page|ticket)\\. Dashboard: https://eu-west-1\\.console\\.aws\\.amazon\\.com/cloudwatch/home\\?region=eu-west-1#dashboards/dashboard/movies-api-test Saved query: movies-api-test/[A-Z][a-z ]+, last (hour|\\d+ hours|\\d+[hd])\\. Runbook: https://example\\.com/runbook\\.md#[a-z-]+$", alarm.alarm_description))
    && length(alarm.alarm_description) <= 1024])
    error_message = "Meaning, severity, dashboard, saved query with its time and runbook are in each description, which may hold 1,024 characters."
  }

  assert {
    condition = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.symptom), values(aws_cloudwatch_composite_alarm.burn), values(aws_cloudwatch_composite_alarm.unless_maintenance)) :
    contains([for query in aws_cloudwatch_query_definition.main : query.name], try(regex("Saved query: ([^,]+),", alarm.alarm_description)[0], "none"))])
    error_message = "An alarm names a query that is not saved."
  }

  assert {
    condition     = alltrue([for target in aws_cloudwatch_event_target.deployment : can(regex("Dashboard: https://.+ Saved query: movies-api-test/Tasks and deployments, last hour\\. Runbook: https://example\\.com/runbook\\.md#deployment-[a-z-]+\"$", one(target.input_transformer).input_template))])
    error_message = "A message of a deployment lacks what to open."
  }

  # The paragraphs themselves: tests/observability/runbook.test.ts.
  assert {
    condition = alltrue([for key, alarm in aws_cloudwatch_metric_alarm.symptom :
    endswith(alarm.alarm_description, "#${startswith(key, "no-healthy-task-in-") ? "no-healthy-task-in-a-zone" : key}")])
    error_message = "The paragraph of a symptom has its name; zones share one."
  }

  assert {
    condition = alltrue([for key, alarm in aws_cloudwatch_composite_alarm.burn :
    strcontains(alarm.alarm_description, " Severity: ${split(" ", key)[1]}. ") && strcontains(alarm.alarm_description, endswith(key, "page") ? ", last 6h." : ", last 3d.") && endswith(alarm.alarm_description, "Runbook: https://example.com/runbook.md#${replace(split(" ", key)[0], "_", "-")}")])
    error_message = "An objective has one paragraph, for pages and for tickets."
  }
}

# What each alarm reads, and whom it tells. A new alarm must be entered here.
run "each_alarm_reads_what_it_is_called_and_tells_by_its_severity" {
  assert {
    condition = {
      for key, alarm in aws_cloudwatch_metric_alarm.symptom : key => "${try(replace(one(alarm.alarm_actions), "/.*:/", ""), "nobody")}: ${join(" | ", sort([
        for query in alarm.metric_query : "${query.id} ${one(query.metric).namespace} ${one(query.metric).metric_name} ${one(query.metric).stat} ${one(query.metric).period} ${join(" ", [for name, value in coalesce(one(query.metric).dimensions, {}) : "${name}=${value}"])}"
        if length(query.metric) == 1
      ]))}"
      } == {
      backup-failed                 = "ticket: failed AWS/Backup NumberOfBackupJobsFailed Sum 3600 BackupVaultName=movies-api-test"
      certificate-expiring          = "ticket: days AWS/CertificateManager DaysToExpiry Minimum 86400 CertificateArn=certificate-arn"
      edge-errors                   = "nobody: errors AWS/ApplicationELB HTTPCode_ELB_5XX_Count Sum 60 LoadBalancer=app/movies-api-test/0123456789abcdef | requests AWS/ApplicationELB RequestCount Sum 60 LoadBalancer=app/movies-api-test/0123456789abcdef"
      events-lost                   = "ticket: lost AWS/Events FailedInvocations Sum 300 RuleName=movies-api-test-recorded"
      fewer-tasks-than-desired      = "ticket: desired ECS/ContainerInsights DesiredTaskCount Maximum 60 ClusterName=movies-api-test ServiceName=movies-api-test | running ECS/ContainerInsights RunningTaskCount Minimum 60 ClusterName=movies-api-test ServiceName=movies-api-test"
      firewall-rules-expiring       = "ticket: awsmanagedrulescommonruleset AWS/WAFV2 DaysToExpiry Minimum 86400 ManagedRuleGroup=AWSManagedRulesCommonRuleSet Region=eu-west-1 Vendor=AWS Version=Version_1.19 | awsmanagedrulessqliruleset AWS/WAFV2 DaysToExpiry Minimum 86400 ManagedRuleGroup=AWSManagedRulesSQLiRuleSet Region=eu-west-1 Vendor=AWS Version=Version_2.0"
      log-errors                    = "ticket: errors Movies/movies-api-test log_errors Sum 300 "
      logs-missing                  = "ticket: events AWS/Logs IncomingLogEvents Sum 300 LogGroupName=/movies-api-test/api"
      maintenance                   = "ticket: told AWS/WAFV2 BlockedRequests Sum 60 Region=eu-west-1 Rule=movies-api-test-maintenance WebACL=movies-api-test"
      maintenance-not-ended         = "page: failed AWS/Scheduler TargetErrorCount Sum 60 ScheduleGroup=movies-api-test-maintenance"
      memory-high                   = "ticket: memory AWS/ECS MemoryUtilization Maximum 300 ClusterName=movies-api-test ServiceName=movies-api-test"
      metrics-missing               = "page: running ECS/ContainerInsights RunningTaskCount Maximum 60 ClusterName=movies-api-test ServiceName=movies-api-test"
      no-healthy-task               = "page: healthy AWS/ApplicationELB HealthyHostCount Minimum 60 LoadBalancer=app/movies-api-test/0123456789abcdef TargetGroup=targetgroup/api/0123456789abcdef"
      no-healthy-task-in-eu-west-1a = "ticket: healthy AWS/ApplicationELB HealthyHostCount Minimum 60 AvailabilityZone=eu-west-1a LoadBalancer=app/movies-api-test/0123456789abcdef TargetGroup=targetgroup/api/0123456789abcdef"
      no-healthy-task-in-eu-west-1b = "ticket: healthy AWS/ApplicationELB HealthyHostCount Minimum 60 AvailabilityZone=eu-west-1b LoadBalancer=app/movies-api-test/0123456789abcdef TargetGroup=targetgroup/api/0123456789abcdef"
      no-healthy-task-in-eu-west-1c = "ticket: healthy AWS/ApplicationELB HealthyHostCount Minimum 60 AvailabilityZone=eu-west-1c LoadBalancer=app/movies-api-test/0123456789abcdef TargetGroup=targetgroup/api/0123456789abcdef"
      scaling-at-maximum            = "ticket: desired ECS/ContainerInsights DesiredTaskCount Maximum 60 ClusterName=movies-api-test ServiceName=movies-api-test"
      slow-answers                  = "ticket: p99 AWS/ApplicationELB TargetResponseTime p99 300 LoadBalancer=app/movies-api-test/0123456789abcdef TargetGroup=targetgroup/api/0123456789abcdef"
      table-errors                  = "page: batchgetitem AWS/DynamoDB SystemErrors Sum 60 Operation=BatchGetItem TableName=movies-api-test | deleteitem AWS/DynamoDB SystemErrors Sum 60 Operation=DeleteItem TableName=movies-api-test | getitem AWS/DynamoDB SystemErrors Sum 60 Operation=GetItem TableName=movies-api-test | putitem AWS/DynamoDB SystemErrors Sum 60 Operation=PutItem TableName=movies-api-test | query AWS/DynamoDB SystemErrors Sum 60 Operation=Query TableName=movies-api-test | scan AWS/DynamoDB SystemErrors Sum 60 Operation=Scan TableName=movies-api-test"
      table-near-its-limit          = "ticket: reads AWS/DynamoDB ConsumedReadCapacityUnits Sum 60 TableName=movies-api-test | writes AWS/DynamoDB ConsumedWriteCapacityUnits Sum 60 TableName=movies-api-test"
      table-throttled               = "ticket: readthrottleevents AWS/DynamoDB ReadThrottleEvents Sum 60 TableName=movies-api-test | readthrottleevents_title_year AWS/DynamoDB ReadThrottleEvents Sum 60 GlobalSecondaryIndexName=title-year TableName=movies-api-test | writethrottleevents AWS/DynamoDB WriteThrottleEvents Sum 60 TableName=movies-api-test | writethrottleevents_title_year AWS/DynamoDB WriteThrottleEvents Sum 60 GlobalSecondaryIndexName=title-year TableName=movies-api-test"
      task-errors                   = "page: errors AWS/ApplicationELB HTTPCode_Target_5XX_Count Sum 60 LoadBalancer=app/movies-api-test/0123456789abcdef TargetGroup=targetgroup/api/0123456789abcdef | requests AWS/ApplicationELB RequestCount Sum 60 LoadBalancer=app/movies-api-test/0123456789abcdef TargetGroup=targetgroup/api/0123456789abcdef"
      collector-away                = "ticket: lost Movies/movies-api-test containers_lost Sum 300 "
      tasks-restarting              = "ticket: stops Movies/movies-api-test task_failures Sum 900 "
    }
    error_message = "An alarm reads another metric, statistic, period or dimension than its row says, tells another topic, or has no row."
  }

  assert {
    condition = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.symptom), values(aws_cloudwatch_composite_alarm.burn), values(aws_cloudwatch_composite_alarm.unless_maintenance)) :
    alarm.ok_actions == alarm.alarm_actions && alltrue([for topic in alarm.alarm_actions : strcontains(alarm.alarm_description, "Severity: ${replace(topic, "/.*:/", "")}.")])])
    error_message = "An alarm tells another topic than its description says, or doesn't say when it is over."
  }

  # No environment pins a version, so no recorded plan has this one.
  assert {
    condition = alltrue([for alarm in [aws_cloudwatch_metric_alarm.symptom["firewall-rules-expiring"]] :
      "${alarm.comparison_operator} ${alarm.threshold} ${alarm.evaluation_periods} ${alarm.treat_missing_data}" == "LessThanThreshold 30 1 ignore"
      && one([for query in alarm.metric_query : query.expression if query.return_data]) == "MIN(METRICS())"
    ])
    error_message = "The version that ends first rings when 30 days are left, and doesn't stop when it is reported no more."
  }

  # What maintenance rings: seen by an alarm that tells nobody, told by one over it that is quiet meanwhile.
  assert {
    condition = {
      for key, alarm in aws_cloudwatch_composite_alarm.unless_maintenance : key =>
      "${alarm.alarm_name} ${alarm.alarm_rule} ${replace(one(alarm.alarm_actions), "/.*:/", "")} ${replace(one(alarm.ok_actions), "/.*:/", "")}, quiet by ${one(alarm.actions_suppressor).alarm}"
      } == {
      blocked-requests = "movies-api-test-blocked-requests ALARM(\"movies-api-test-blocked-requests-seen\") ticket ticket, quiet by movies-api-test-maintenance"
      edge-errors      = "movies-api-test-edge-errors ALARM(\"movies-api-test-edge-errors-seen\") page page, quiet by movies-api-test-maintenance"
    }
    error_message = "An alarm that maintenance rings is not quiet in it, or tells somebody else outside of it."
  }

  assert {
    condition     = alltrue([for name in output.alarm_names : !endswith(name, "-seen")]) && contains(output.alarm_names, "movies-api-test-edge-errors") && contains(output.alarm_names, "movies-api-test-maintenance")
    error_message = "The output names alarms that tell nobody, or leaves out one that does."
  }

  assert {
    condition = flatten([for query in aws_cloudwatch_metric_alarm.blocked_requests.metric_query :
      [for metric in query.metric : "${metric.namespace} ${metric.metric_name} ${metric.stat} ${metric.period} ${join(" ", [for name, value in metric.dimensions : "${name}=${value}"])}"]
    ]) == ["AWS/WAFV2 BlockedRequests Sum 300 Region=eu-west-1 Rule=ALL WebACL=movies-api-test"]
    error_message = "Blocked requests are counted elsewhere."
  }

  # What is read under our own namespace is written there by a filter, by exactly that name.
  assert {
    condition = length(setsubtract(
      flatten([for alarm in concat(values(aws_cloudwatch_metric_alarm.symptom), values(aws_cloudwatch_metric_alarm.window)) : [for query in alarm.metric_query : [for metric in query.metric : "${metric.namespace} ${metric.metric_name}" if startswith(metric.namespace, "Movies/")]]]),
      flatten([for filter in concat(values(aws_cloudwatch_log_metric_filter.main), values(aws_cloudwatch_log_metric_filter.objective)) : [for metric in filter.metric_transformation : "${metric.namespace} ${metric.name}"]])
    )) == 0
    error_message = "An alarm waits for a metric that no filter writes."
  }

  # Each window of an objective reads its own counts over its own time.
  assert {
    condition = alltrue([for key, alarm in aws_cloudwatch_metric_alarm.window : sort(flatten([for query in alarm.metric_query : [for metric in query.metric : "${query.id} ${metric.namespace} ${metric.metric_name} ${metric.stat} ${metric.period}"]])) == tolist([
      for id in ["all", "bad"] : "${id} Movies/movies-api-test ${split(" ", key)[0]}_${id} Sum ${ { "5m" = 300, "30m" = 1800, "1h" = 3600, "6h" = 21600, "3d" = 259200 }[split(" ", key)[2]]}"
    ])])
    error_message = "A window reads another count or time than its name says."
  }
}

# What each graph shows: statistic, metric and dimensions; hidden ones feed an expression. Nobody is told of a wrong one.
run "each_graph_shows_what_its_title_says" {
  assert {
    condition = {
      for widget in jsondecode(aws_cloudwatch_dashboard.main.dashboard_body).widgets : widget.properties.title => join(" | ", [
        for metric in widget.properties.metrics : try(metric[0].expression, join(" ", concat([metric[length(metric) - 1].stat, metric[length(metric) - 1].visible ? metric[length(metric) - 1].yAxis : "hidden"], slice(metric, 1, length(metric) - 1))))
        if try(metric[1], "") != "deployments"
      ]) if widget.type == "metric"
      } == {
      "Availability, %" = "100 * (1 - (FILL(e, 0) + FILL(t, 0)) / (FILL(r, 0) + FILL(e, 0))) | ${join(" | ", [for name in ["RequestCount", "HTTPCode_ELB_5XX_Count", "HTTPCode_Target_5XX_Count"] : "Sum hidden ${name} LoadBalancer app/movies-api-test/0123456789abcdef"])}"
      "Error budget left, % of 30 days" = join(" | ", concat(
        ["100 * (1 - (b_availability_reads / a_availability_reads) / 0.001000)", "100 * (1 - (b_latency_reads / a_latency_reads) / 0.010000)"],
        [for name in ["availability_reads_all", "availability_reads_bad", "latency_reads_all", "latency_reads_bad"] : "Sum hidden ${name}"],
      ))
      "Traffic, requests a minute"        = "Sum left RequestCount LoadBalancer app/movies-api-test/0123456789abcdef"
      "Errors a minute, by who made them" = join(" | ", [for name in ["Target_5XX", "ELB_5XX", "Target_4XX"] : "Sum left HTTPCode_${name}_Count LoadBalancer app/movies-api-test/0123456789abcdef"])
      "Latency, seconds"                  = join(" | ", [for stat in ["p50", "p90", "p99"] : "${stat} left TargetResponseTime LoadBalancer app/movies-api-test/0123456789abcdef TargetGroup targetgroup/api/0123456789abcdef"])
      "Tasks"                             = join(" | ", [for name in ["Desired", "Pending", "Running"] : "Average left ${name}TaskCount ClusterName movies-api-test ServiceName movies-api-test"])
      "CPU and memory of the tasks, %"    = join(" | ", [for name in ["CPU", "Memory"] : "Maximum left ${name}Utilization ClusterName movies-api-test ServiceName movies-api-test"])
      "Table: units a minute"             = join(" | ", [for name in ["ConsumedReadCapacityUnits", "ReadThrottleEvents", "WriteThrottleEvents", "ConsumedWriteCapacityUnits"] : "Sum left ${name} TableName movies-api-test"])
      "Table: latency, ms"                = join(" | ", [for name in ["BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan"] : "p99 left SuccessfulRequestLatency Operation ${name} TableName movies-api-test"])
      "Firewall, requests a minute"       = join(" | ", [for name in ["Allowed", "Blocked"] : "Sum left ${name}Requests Region eu-west-1 Rule ALL WebACL movies-api-test"])
    }
    error_message = "A graph shows another metric, statistic or dimension than its title says, or has no row here."
  }

  assert {
    condition = alltrue([for widget in jsondecode(aws_cloudwatch_dashboard.main.dashboard_body).widgets :
      length([for metric in widget.properties.metrics : metric if try(metric[1], "") == "deployments" && try(metric[2].visible && metric[2].yAxis == "right" && metric[2].stat == "Sum", false)]) == (widget.properties.view == "singleValue" ? 0 : 1) &&
      (widget.properties.view == "singleValue" ? widget.properties.start == "-P30D" && widget.properties.setPeriodToTimeRange : widget.properties.period == 60)
    if widget.type == "metric"])
    error_message = "A graph over time lacks the deployments or has another period than a minute, or the error budget isn't of its window."
  }

  assert {
    condition = (
      [for widget in jsondecode(aws_cloudwatch_dashboard.main.dashboard_body).widgets : widget.properties.annotations.horizontal[0].value if can(widget.properties.annotations)] == [99.9] &&
      length(distinct([for widget in jsondecode(aws_cloudwatch_dashboard.main.dashboard_body).widgets : "${widget.x} ${widget.y}"])) == length(jsondecode(aws_cloudwatch_dashboard.main.dashboard_body).widgets) &&
      alltrue([for widget in jsondecode(aws_cloudwatch_dashboard.main.dashboard_body).widgets : widget.x + widget.width <= 24 && widget.y % 6 == 0 && widget.height == 6])
    )
    error_message = "The objective isn't drawn where availability is, or graphs lie over each other."
  }

  assert {
    condition     = [for widget in jsondecode(aws_cloudwatch_dashboard.main.dashboard_body).widgets : widget.properties.query if widget.type == "log"] == ["SOURCE '/movies-api-test/events' | fields @timestamp, detail.eventName, detail.reason, detail.lastStatus, detail.stoppedReason | sort @timestamp desc | limit 50"]
    error_message = "The table of deployments and stopped tasks reads another log."
  }
}

run "events_page_by_a_role_that_can_do_nothing_else_and_the_budget_counts_its_tag" {
  assert {
    condition     = alltrue([for target in aws_cloudwatch_event_target.deployment : target.role_arn == aws_iam_role.events.arn && endswith(target.arn, ":page")])
    error_message = "EventBridge names no account: without the role any account's rule could page."
  }

  assert {
    condition     = alltrue([for target in aws_cloudwatch_event_target.restore : target.role_arn == aws_iam_role.events.arn && endswith(target.arn, ":ticket")]) && length(aws_cloudwatch_event_target.restore) == 1
    error_message = "A failed restore opens no ticket."
  }

  assert {
    condition     = one(aws_budgets_budget.main["month"].cost_filter).values == tolist(["user:environment$test"])
    error_message = "The budget counts nothing."
  }

  assert {
    condition     = alltrue([for notification in aws_budgets_budget.main["month"].notification : [for topic in notification.subscriber_sns_topic_arns : replace(topic, "/.*:/", "")] == ["ticket"]]) && toset([for one in aws_budgets_budget.main["month"].notification : "${one.notification_type} ${one.threshold}"]) == toset(["ACTUAL 80", "ACTUAL 100", "FORECASTED 100"])
    error_message = "The budget tells nobody, or wakes somebody."
  }
}

run "people_are_told_by_severity" {
  variables {
    subscriptions = {
      page   = [{ protocol = "https", endpoint = "https://paging.example.com/hook" }]
      ticket = [{ protocol = "email", endpoint = "team@example.com" }]
    }
  }

  assert {
    condition     = keys(aws_sns_topic_subscription.main) == ["page https https://paging.example.com/hook", "ticket email team@example.com"]
    error_message = "Each severity has its own people."
  }
}
