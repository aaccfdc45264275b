locals {
  # Evaluated in this order, after the rules of our own. 1,175 of the 1,500 capacity units that the base price covers.
  managed_groups = {
    AWSManagedRulesAmazonIpReputationList = { priority = 20, count = [] }
    # Machine clients (and our own probes) call from clouds: hosting providers are counted, proxies and Tor are blocked.
    AWSManagedRulesAnonymousIpList       = { priority = 21, count = ["HostingProviderIPList"] }
    AWSManagedRulesKnownBadInputsRuleSet = { priority = 22, count = [] }
    AWSManagedRulesSQLiRuleSet           = { priority = 23, count = [] }
    AWSManagedRulesCommonRuleSet         = { priority = 24, count = [] }
  }

  # Not the list of writing methods: a method that nobody thought of counts as a write. Every request has a method.
  no_method = "^$"
  reading   = "^(GET|HEAD|OPTIONS)$"
  rates = merge(
    {
      rate       = { priority = 10, limit = var.rate_limit, without = local.no_method, partners = false }
      write-rate = { priority = 11, limit = var.write_rate_limit, without = local.reading, partners = false }
    },
    [for partners in var.partners[*] : {
      partner-rate       = { priority = 12, limit = partners.rate_limit, without = local.no_method, partners = true }
      partner-write-rate = { priority = 13, limit = partners.write_rate_limit, without = local.reading, partners = true }
    }]...
  )
}

resource "aws_wafv2_ip_set" "allowed" {
  for_each = toset(length(var.allowed_cidrs) > 0 ? ["networks"] : [])

  name               = "${var.name}-allowed"
  description        = "Networks that may call"
  scope              = "REGIONAL"
  ip_address_version = "IPV4"
  addresses          = var.allowed_cidrs
}

# Addresses behind which many good callers stand; none without partners.
resource "aws_wafv2_ip_set" "partners" {
  name               = "${var.name}-partners"
  description        = "Networks with limits of their own"
  scope              = "REGIONAL"
  ip_address_version = "IPV4"
  addresses          = try(var.partners.cidrs, [])
}

resource "aws_wafv2_web_acl" "main" {
  name        = var.name
  description = "What may reach the load balancer"
  scope       = "REGIONAL"

  default_action {
    allow {}
  }

  custom_response_body {
    key          = "too-many-requests"
    content_type = "APPLICATION_JSON"
    content = jsonencode({
      type   = "about:blank"
      title  = "Too Many Requests"
      status = 429
      detail = "This address sent too many requests in the last five minutes. Wait, then send fewer."
    })
  }

  # By what AWS WAF can say: each header but the content type, and a body of JSON.
  custom_response_body {
    key          = "maintenance"
    content_type = "APPLICATION_JSON"
    content = jsonencode({
      type   = "about:blank"
      title  = "Service Unavailable"
      status = 503
      detail = "Planned maintenance. Try again in a few minutes."
    })
  }

  # As the service itself says it.
  custom_response_body {
    key          = "too-large"
    content_type = "APPLICATION_JSON"
    content = jsonencode({
      type   = "about:blank"
      title  = "Payload Too Large"
      status = 413
      detail = "The body has more than ${var.max_body_bytes} bytes."
    })
  }

  dynamic "rule" {
    for_each = aws_wafv2_ip_set.allowed

    content {
      name     = "networks"
      priority = 0

      action {
        block {}
      }

      statement {
        not_statement {
          statement {
            ip_set_reference_statement {
              arn = rule.value.arn
            }
          }
        }
      }

      visibility_config {
        metric_name                = "${var.name}-networks"
        cloudwatch_metrics_enabled = true
        sampled_requests_enabled   = true
      }
    }
  }

  dynamic "rule" {
    for_each = length(var.allowed_countries) > 0 ? [var.allowed_countries] : []

    content {
      name     = "countries"
      priority = 1

      action {
        block {}
      }

      statement {
        not_statement {
          statement {
            geo_match_statement {
              country_codes = sort(rule.value)
            }
          }
        }
      }

      visibility_config {
        metric_name                = "${var.name}-countries"
        cloudwatch_metrics_enabled = true
        sampled_requests_enabled   = true
      }
    }
  }

  rule {
    name     = "body-size"
    priority = 2

    action {
      block {
        custom_response {
          response_code            = 413
          custom_response_body_key = "too-large"
        }
      }
    }

    statement {
      size_constraint_statement {
        comparison_operator = "GT"
        size                = var.max_body_bytes

        field_to_match {
          body {
            # A body beyond what AWS WAF can see counts as too large; the default would let the rest pass unseen.
            oversize_handling = "MATCH"
          }
        }

        text_transformation {
          priority = 0
          type     = "NONE"
        }
      }
    }

    visibility_config {
      metric_name                = "${var.name}-body-size"
      cloudwatch_metrics_enabled = true
      sampled_requests_enabled   = true
    }
  }

  # On or off by the addresses in the first list; see maintenance.tf.
  rule {
    name     = "maintenance"
    priority = 3

    action {
      block {
        custom_response {
          response_code            = 503
          custom_response_body_key = "maintenance"

          response_header {
            name  = "Retry-After"
            value = "120"
          }
        }
      }
    }

    statement {
      and_statement {
        statement {
          ip_set_reference_statement {
            arn = aws_wafv2_ip_set.maintenance.arn
          }
        }

        statement {
          not_statement {
            statement {
              ip_set_reference_statement {
                arn = aws_wafv2_ip_set.maintainers.arn
              }
            }
          }
        }
      }
    }

    visibility_config {
      metric_name                = "${var.name}-maintenance"
      cloudwatch_metrics_enabled = true
      sampled_requests_enabled   = true
    }
  }

  dynamic "rule" {
    for_each = local.rates

    content {
      name     = rule.key
      priority = rule.value.priority

      action {
        block {
          custom_response {
            response_code            = 429
            custom_response_body_key = "too-many-requests"

            response_header {
              name  = "Retry-After"
              value = "300"
            }
          }
        }
      }

      statement {
        rate_based_statement {
          aggregate_key_type    = "IP"
          evaluation_window_sec = 300
          limit                 = rule.value.limit

          scope_down_statement {
            and_statement {
              statement {
                not_statement {
                  statement {
                    regex_match_statement {
                      regex_string = rule.value.without

                      field_to_match {
                        method {}
                      }

                      text_transformation {
                        priority = 0
                        type     = "NONE"
                      }
                    }
                  }
                }
              }

              dynamic "statement" {
                for_each = rule.value.partners ? ["in"] : []

                content {
                  ip_set_reference_statement {
                    arn = aws_wafv2_ip_set.partners.arn
                  }
                }
              }

              dynamic "statement" {
                for_each = rule.value.partners ? [] : ["not in"]

                content {
                  not_statement {
                    statement {
                      ip_set_reference_statement {
                        arn = aws_wafv2_ip_set.partners.arn
                      }
                    }
                  }
                }
              }
            }
          }
        }
      }

      visibility_config {
        metric_name                = "${var.name}-${rule.key}"
        cloudwatch_metrics_enabled = true
        sampled_requests_enabled   = true
      }
    }
  }

  dynamic "rule" {
    for_each = local.managed_groups

    content {
      name     = rule.key
      priority = rule.value.priority

      override_action {
        none {}
      }

      statement {
        managed_rule_group_statement {
          name        = rule.key
          vendor_name = "AWS"
          version     = lookup(var.rule_versions, rule.key, null)

          dynamic "rule_action_override" {
            for_each = setunion(rule.value.count, lookup(var.rule_overrides, rule.key, []))

            content {
              name = rule_action_override.value

              action_to_use {
                count {}
              }
            }
          }
        }
      }

      visibility_config {
        metric_name                = "${var.name}-${rule.key}"
        cloudwatch_metrics_enabled = true
        sampled_requests_enabled   = true
      }
    }
  }

  visibility_config {
    metric_name                = var.name
    cloudwatch_metrics_enabled = true
    sampled_requests_enabled   = true
  }
}

resource "aws_cloudwatch_log_group" "decisions" {
  # AWS WAF writes only to groups whose name starts like this.
  name              = "aws-waf-logs-${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_wafv2_web_acl_logging_configuration" "main" {
  resource_arn            = aws_wafv2_web_acl.main.arn
  log_destination_configs = [aws_cloudwatch_log_group.decisions.arn]

  # What is let through is in the balancer's log and the service's own.
  logging_filter {
    default_behavior = "DROP"

    filter {
      behavior    = "KEEP"
      requirement = "MEETS_ANY"

      dynamic "condition" {
        for_each = ["BLOCK", "COUNT", "EXCLUDED_AS_COUNT"]

        content {
          action_condition {
            action = condition.value
          }
        }
      }
    }
  }

  redacted_fields {
    single_header {
      name = "authorization"
    }
  }

  redacted_fields {
    single_header {
      name = "cookie"
    }
  }
}
