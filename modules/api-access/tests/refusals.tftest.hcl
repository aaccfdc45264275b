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
  name                  = "movies-test"
  domain_prefix         = "movies-test-123456789012"
  swagger_callback_urls = ["https://movies.example.com/docs/oauth2-redirect.html"]
}

run "a_name_with_capitals_is_refused" {
  command = plan

  variables {
    name = "Movies"
  }

  expect_failures = [var.name]
}

run "a_domain_prefix_with_a_dot_is_refused" {
  command = plan

  variables {
    domain_prefix = "movies.test"
  }

  expect_failures = [var.domain_prefix]
}

run "a_reserved_word_in_the_domain_prefix_is_refused" {
  command = plan

  variables {
    domain_prefix = "movies-on-aws"
  }

  expect_failures = [var.domain_prefix]
}

run "no_callback_url_is_refused" {
  command = plan

  variables {
    swagger_callback_urls = []
  }

  expect_failures = [var.swagger_callback_urls]
}

run "plain_http_beyond_localhost_is_refused" {
  command = plan

  variables {
    swagger_callback_urls = ["http://movies.example.com/docs/oauth2-redirect.html"]
  }

  expect_failures = [var.swagger_callback_urls]
}

run "a_host_that_only_begins_like_localhost_is_refused" {
  command = plan

  variables {
    swagger_callback_urls = ["http://localhost.example.com/docs"]
  }

  expect_failures = [var.swagger_callback_urls]
}

run "a_wildcard_callback_url_is_refused" {
  command = plan

  variables {
    swagger_callback_urls = ["https://*.example.com/docs"]
  }

  expect_failures = [var.swagger_callback_urls]
}

run "no_second_factor_at_all_is_refused" {
  command = plan

  variables {
    mfa = "OFF"
  }

  expect_failures = [var.mfa]
}

run "an_unknown_threat_protection_is_refused" {
  command = plan

  variables {
    threat_protection = "ON"
  }

  expect_failures = [var.threat_protection]
}

run "a_token_of_a_day_is_refused" {
  command = plan

  variables {
    access_token_minutes = 1440
  }

  expect_failures = [var.access_token_minutes]
}

run "a_token_of_a_minute_is_refused" {
  command = plan

  variables {
    access_token_minutes = 1
  }

  expect_failures = [var.access_token_minutes]
}
