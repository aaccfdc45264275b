# Real plans without an account: nothing here asks AWS for anything.
provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  name               = "movies-api-test"
  kms_key_arn        = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000"
  log_retention_days = 90
  rate_limit         = 2000
  write_rate_limit   = 200
}

run "all_groups_block_by_default" {
  command = plan

  assert {
    condition = toset([for rule in aws_wafv2_web_acl.main.rule : rule.name]) == toset([
      "body-size", "rate", "write-rate",
      "AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesAnonymousIpList", "AWSManagedRulesKnownBadInputsRuleSet",
      "AWSManagedRulesSQLiRuleSet", "AWSManagedRulesCommonRuleSet",
    ])
    error_message = "Without allow-lists the web ACL holds three rules of ours and five managed groups."
  }

  assert {
    condition     = flatten([for rule in aws_wafv2_web_acl.main.rule : [for override in rule.override_action : length(override.none)]]) == [1, 1, 1, 1, 1]
    error_message = "No managed group is switched to counting."
  }

  assert {
    condition     = toset([for field in aws_wafv2_web_acl_logging_configuration.main.redacted_fields : one(field.single_header).name]) == toset(["authorization", "cookie"])
    error_message = "Tokens and cookies stay out of the log."
  }
}

run "allow_lists_come_first" {
  command = plan

  variables {
    allowed_countries = ["IE", "DE"]
    allowed_cidrs     = ["203.0.113.0/24"]
  }

  assert {
    condition     = { for rule in aws_wafv2_web_acl.main.rule : rule.name => rule.priority if contains(["networks", "countries"], rule.name) } == { networks = 0, countries = 1 }
    error_message = "Strangers are turned away before anything is counted."
  }
}

run "a_name_with_capitals_is_refused" {
  command = plan

  variables {
    name = "Movies"
  }

  expect_failures = [var.name]
}

run "a_key_alias_is_refused" {
  command = plan

  variables {
    kms_key_arn = "alias/movies"
  }

  expect_failures = [var.kms_key_arn]
}

run "a_short_retention_is_refused" {
  command = plan

  variables {
    log_retention_days = 7
  }

  expect_failures = [var.log_retention_days]
}

run "a_rate_below_the_service_limit_is_refused" {
  command = plan

  variables {
    rate_limit       = 9
    write_rate_limit = 8
  }

  # write_rate_limit fails as well (below 10), but a variable that refers to a failed one is not checked any more.
  expect_failures = [var.rate_limit]
}

run "writes_as_frequent_as_reads_are_refused" {
  command = plan

  variables {
    write_rate_limit = 2000
  }

  expect_failures = [var.write_rate_limit]
}

run "a_body_beyond_inspection_is_refused" {
  command = plan

  variables {
    max_body_bytes = 8193
  }

  expect_failures = [var.max_body_bytes]
}

run "a_country_by_name_is_refused" {
  command = plan

  variables {
    allowed_countries = ["Ireland"]
  }

  expect_failures = [var.allowed_countries]
}

run "the_whole_internet_is_no_allow_list" {
  command = plan

  variables {
    allowed_cidrs = ["0.0.0.0/0"]
  }

  expect_failures = [var.allowed_cidrs]
}
