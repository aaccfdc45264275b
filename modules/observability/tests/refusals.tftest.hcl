mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
}

variables {
  name          = "movies-api-test"
  load_balancer = { arn_suffix = "app/a/0", target_group_arn_suffix = "targetgroup/a/0" }
  service       = { cluster_name = "a", service_name = "a", maximum_tasks = 4, log_group_name = "/a/api" }
  zones         = []
  table         = { name = "a", indexes = [] }
  web_acl_name  = "a"
  slo = {
    window_days         = 30
    minimum_bad_answers = 10
    objectives          = { reads = { kind = "availability", methods = ["GET"], objective_percent = 99.9, user_impact = "Errors." } }
    burn_rates          = [{ severity = "page", factor = 14.4, long = "1h", short = "5m" }]
  }
  runbook_url        = "https://example.com/runbook.md"
  log_retention_days = 90
  kms_key_arn        = "arn:aws:kms:eu-west-1:123456789012:key/0"
  monthly_budget_usd = 100
  cost_tag           = { key = "environment", value = "test" }
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

run "a_window_without_a_unit_is_refused" {
  command = plan

  variables {
    slo = {
      window_days         = 30
      minimum_bad_answers = 10
      objectives          = { reads = { kind = "availability", methods = ["GET"], objective_percent = 99.9, user_impact = "Errors." } }
      burn_rates          = [{ severity = "loud", factor = 14.4, long = "60", short = "5m" }]
    }
  }

  expect_failures = [var.slo]
}
