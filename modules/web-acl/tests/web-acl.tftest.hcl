# Real plans without an account: nothing here asks AWS for anything.
provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

variables {
  name               = "movies-api-test"
  kms_key_arn        = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000"
  log_retention_days = 90
  rate_limit         = 2000
  write_rate_limit   = 200
}

run "each_rule_does_what_it_is_for_in_its_order_and_the_rest_is_let_through" {
  command = plan

  assert {
    condition = length(one(aws_wafv2_web_acl.main.default_action).allow) == 1 && {
      for rule in aws_wafv2_web_acl.main.rule : rule.name => "${rule.priority} ${join(",", concat(
        [for action in rule.action : length(action.block) == 1 ? "block ${try(one(one(action.block).custom_response).response_code, 403)}" : "?"],
        [for override in rule.override_action : length(override.none) == 1 && length(override.count) == 0 ? "as AWS says" : "?"],
      ))}" } == {
      body-size                             = "2 block 413"
      maintenance                           = "3 block 503"
      rate                                  = "10 block 429"
      write-rate                            = "11 block 429"
      AWSManagedRulesAmazonIpReputationList = "20 as AWS says"
      AWSManagedRulesAnonymousIpList        = "21 as AWS says"
      AWSManagedRulesKnownBadInputsRuleSet  = "22 as AWS says"
      AWSManagedRulesSQLiRuleSet            = "23 as AWS says"
      AWSManagedRulesCommonRuleSet          = "24 as AWS says"
    }
    error_message = "A rule is missing or new, comes in another order, or does something else when it matches; or the rest isn't let through."
  }

  assert {
    condition = {
      for rule in aws_wafv2_web_acl.main.rule : rule.name => [for rate in one(rule.statement).rate_based_statement :
        "${rate.limit} in ${rate.evaluation_window_sec} s by ${rate.aggregate_key_type}, not ${one(one(one([for part in one(one(rate.scope_down_statement).and_statement).statement : part if length(part.not_statement) == 1 && length(one(one(part.not_statement).statement).regex_match_statement) == 1]).not_statement).statement).regex_match_statement[0].regex_string}"
      ] if length(one(rule.statement).rate_based_statement) == 1
      } == {
      rate       = ["2000 in 300 s by IP, not ^$"]
      write-rate = ["200 in 300 s by IP, not ^(GET|HEAD|OPTIONS)$"]
    }
    error_message = "A rate has another limit, window, key or set of methods."
  }
}

run "maintenance_tells_whom_its_list_holds_when_to_return_and_lets_maintainers_through" {
  command = plan

  variables {
    maintainer_cidrs = ["198.51.100.7/32"]
  }

  override_resource {
    target          = aws_wafv2_ip_set.maintenance
    override_during = plan
    values          = { arn = "the-list" }
  }

  override_resource {
    target          = aws_wafv2_ip_set.maintainers
    override_during = plan
    values          = { arn = "the-maintainers" }
  }

  assert {
    condition = [for rule in aws_wafv2_web_acl.main.rule : [for part in one(one(rule.statement).and_statement).statement :
      length(part.not_statement) == 1 ? "not in ${one(one(part.not_statement[0].statement).ip_set_reference_statement).arn}" : "in ${one(part.ip_set_reference_statement).arn}"
    ] if rule.name == "maintenance"] == [["in the-list", "not in the-maintainers"]]
    error_message = "Maintenance is told to others than those of its list, or to maintainers."
  }

  assert {
    condition     = length(aws_wafv2_ip_set.maintenance.addresses) == 0 && aws_wafv2_ip_set.maintainers.addresses == toset(["198.51.100.7/32"])
    error_message = "A new firewall begins in maintenance, or lets others through."
  }

  assert {
    condition = [for rule in aws_wafv2_web_acl.main.rule : [for response in one(one(rule.action).block).custom_response :
      "${response.custom_response_body_key} ${one(response.response_header).name}: ${one(response.response_header).value}"
    ] if rule.name == "maintenance"] == [["maintenance Retry-After: 120"]]
    error_message = "Callers aren't told when to come back, or what goes on."
  }
}

run "allow_lists_come_first_partners_have_limits_of_their_own_and_rules_are_pinned_or_only_count" {
  command = plan

  variables {
    allowed_countries = ["IE", "DE"]
    allowed_cidrs     = ["203.0.113.0/24"]
    partners          = { cidrs = ["198.51.100.0/24"], rate_limit = 20000, write_rate_limit = 2000 }
    rule_versions     = { AWSManagedRulesCommonRuleSet = "Version_1.19" }
    rule_overrides    = { AWSManagedRulesCommonRuleSet = ["SizeRestrictions_QUERYSTRING"] }
  }

  assert {
    condition = {
      for rule in aws_wafv2_web_acl.main.rule : rule.name => rule.priority if contains(["networks", "countries", "partner-rate", "partner-write-rate"], rule.name)
    } == { networks = 0, countries = 1, partner-rate = 12, partner-write-rate = 13 }
    error_message = "Who may not call at all is turned away before anything is counted."
  }

  assert {
    condition = {
      for rule in aws_wafv2_web_acl.main.rule : rule.name => [for rate in one(rule.statement).rate_based_statement :
        "${rate.limit} ${length([for part in one(one(rate.scope_down_statement).and_statement).statement : part if length(part.ip_set_reference_statement) == 1])}"
      ] if length(one(rule.statement).rate_based_statement) == 1
    } == { rate = ["2000 0"], write-rate = ["200 0"], partner-rate = ["20000 1"], partner-write-rate = ["2000 1"] }
    error_message = "Partners are counted with everybody, or everybody with partners."
  }

  assert {
    condition = flatten([
      for rule in aws_wafv2_web_acl.main.rule : [for group in one(rule.statement).managed_rule_group_statement : "${group.version}: ${join(",", group.rule_action_override[*].name)}"]
      if rule.name == "AWSManagedRulesCommonRuleSet"
    ]) == ["Version_1.19: SizeRestrictions_QUERYSTRING"]
    error_message = "The rule group isn't pinned, or its rule blocks."
  }
}
