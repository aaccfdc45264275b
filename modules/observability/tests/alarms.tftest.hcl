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

  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-1:123456789012:movies-api-test-page" }
  }

  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/movies-api-test/events" }
  }

  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:eu-west-1:123456789012:rule/movies-api-test" }
  }
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
  zones        = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
  table        = { name = "movies-api-test", indexes = ["title-year"] }
  web_acl_name = "movies-api-test"
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

run "each_objective_has_an_alarm_of_each_severity_over_pairs_of_windows" {
  assert {
    condition     = keys(aws_cloudwatch_composite_alarm.burn) == ["availability_reads page", "availability_reads ticket", "latency_reads page", "latency_reads ticket"]
    error_message = "Each objective pages and opens tickets."
  }

  assert {
    condition     = aws_cloudwatch_composite_alarm.burn["availability_reads page"].alarm_rule == "(ALARM(\"movies-api-test-availability-reads-page-1h\") AND ALARM(\"movies-api-test-availability-reads-page-5m\")) OR (ALARM(\"movies-api-test-availability-reads-page-6h\") AND ALARM(\"movies-api-test-availability-reads-page-30m\"))"
    error_message = "A burn counts while both the long and the short window burn."
  }

  # The same window at another rate is another alarm.
  assert {
    condition     = aws_cloudwatch_metric_alarm.window["availability_reads page 6h"].threshold == 6 && aws_cloudwatch_metric_alarm.window["availability_reads ticket 6h"].threshold == 1
    error_message = "Six hours are watched for pages and for tickets, at different rates."
  }
}

run "reads_are_told_from_writes_and_slow_from_failed" {
  assert {
    condition     = aws_cloudwatch_log_metric_filter.objective["latency_reads_bad"].pattern == "{ ($.msg = \"request\") && ($.route = \"/movies*\") && ($.method = \"GET\" || $.method = \"HEAD\") && (($.status >= 500) || ($.durationMs > 250)) }"
    error_message = "An answer is bad for the latency objective when it is an error or later than its bound."
  }
}

run "each_alarm_says_what_it_means_how_urgent_it_is_and_where_to_read_on" {
  assert {
    condition = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.symptom), values(aws_cloudwatch_composite_alarm.burn), [aws_cloudwatch_metric_alarm.blocked_requests]) :
    can(regex("^[A-Z].+\\. Severity: (page|ticket)\\. Runbook: https://example\\.com/runbook\\.md#[a-z-]+$", alarm.alarm_description))])
    error_message = "Meaning, severity and runbook are in each description."
  }

  # The paragraphs themselves: tests/observability/runbook.test.ts.
  assert {
    condition = alltrue([for key, alarm in aws_cloudwatch_metric_alarm.symptom :
    endswith(alarm.alarm_description, "#${startswith(key, "no-healthy-task-in-") ? "no-healthy-task-in-a-zone" : key}")])
    error_message = "The paragraph of a symptom has its name; zones share one."
  }

  assert {
    condition = alltrue([for key, alarm in aws_cloudwatch_composite_alarm.burn :
    endswith(alarm.alarm_description, " Severity: ${split(" ", key)[1]}. Runbook: https://example.com/runbook.md#${replace(split(" ", key)[0], "_", "-")}")])
    error_message = "An objective has one paragraph, for pages and for tickets."
  }
}

run "each_severity_of_a_prometheus_alert_has_its_topic" {
  assert {
    condition = toset([
      for route in yamldecode(yamldecode(aws_prometheus_alert_manager_definition.main.definition).alertmanager_config).route.routes : one(route.matchers)
      ]) == toset([
      for rule in flatten(yamldecode(aws_prometheus_rule_group_namespace.main.data).groups[*].rules) : "severity = ${rule.labels.severity}" if can(rule.alert)
    ])
    error_message = "Each severity of the rules is routed, and no other."
  }

  assert {
    condition = alltrue([
      for receiver in yamldecode(yamldecode(aws_prometheus_alert_manager_definition.main.definition).alertmanager_config).receivers :
      one(receiver.sns_configs).subject == "movies-api-test ${receiver.name}"
    ])
    error_message = "Who is told sees how urgent it is."
  }
}

run "the_certificate_is_watched_where_there_is_one_and_zones_where_each_has_a_task" {
  variables {
    zones       = []
    certificate = { arn = "arn:aws:acm:eu-west-1:123456789012:certificate/00000000-0000-0000-0000-000000000000" }
  }

  assert {
    condition     = contains(keys(aws_cloudwatch_metric_alarm.symptom), "certificate-expiring")
    error_message = "An expiring certificate is told."
  }

  assert {
    condition     = !anytrue([for name in keys(aws_cloudwatch_metric_alarm.symptom) : startswith(name, "no-healthy-task-in-")])
    error_message = "With fewer tasks than zones no zone is watched."
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

run "a_mistake_in_every_variable_is_refused" {
  command = plan

  variables {
    name               = "Movies"
    service            = { cluster_name = "a", service_name = "a", maximum_tasks = 0, log_group_name = "/a/api" }
    runbook_url        = "http://example.com/runbook.md"
    monthly_budget_usd = 0
    subscriptions      = { page = [{ protocol = "http", endpoint = "http://example.com" }] }
    slo = {
      window_days         = 30
      minimum_bad_answers = 10
      objectives          = { reads = { kind = "speed", methods = ["GET"], objective_percent = 99.9, user_impact = "Errors." } }
      burn_rates          = [{ severity = "page", factor = 14.4, long = "1h", short = "5m" }]
    }
  }

  expect_failures = [var.name, var.service, var.runbook_url, var.monthly_budget_usd, var.subscriptions, var.slo]
}

run "a_latency_objective_without_a_bound_is_refused" {
  command = plan

  variables {
    slo = {
      window_days         = 30
      minimum_bad_answers = 10
      objectives          = { reads = { kind = "latency", methods = ["GET"], objective_percent = 99, user_impact = "Waiting." } }
      burn_rates          = [{ severity = "page", factor = 14.4, long = "1h", short = "5m" }]
    }
  }

  expect_failures = [var.slo]
}

run "an_objective_without_error_budget_is_refused" {
  command = plan

  variables {
    slo = {
      window_days         = 30
      minimum_bad_answers = 10
      objectives          = { reads = { kind = "availability", methods = ["GET"], objective_percent = 100, user_impact = "Errors." } }
      burn_rates          = [{ severity = "page", factor = 14.4, long = "1h", short = "5m" }]
    }
  }

  expect_failures = [var.slo]
}

run "a_severity_that_nobody_listens_to_is_refused" {
  command = plan

  variables {
    slo = {
      window_days         = 30
      minimum_bad_answers = 10
      objectives          = { reads = { kind = "availability", methods = ["GET"], objective_percent = 99.9, user_impact = "Errors." } }
      burn_rates          = [{ severity = "loud", factor = 14.4, long = "1h", short = "5m" }]
    }
  }

  expect_failures = [var.slo]
}

run "a_window_without_a_unit_is_refused" {
  command = plan

  variables {
    slo = {
      window_days         = 30
      minimum_bad_answers = 10
      objectives          = { reads = { kind = "availability", methods = ["GET"], objective_percent = 99.9, user_impact = "Errors." } }
      burn_rates          = [{ severity = "page", factor = 14.4, long = "60", short = "5m" }]
    }
  }

  expect_failures = [var.slo]
}
