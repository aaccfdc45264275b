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
  owner       = "movies"
  cost_centre = "1001"
  commit      = "0123456789abcdef0123456789abcdef01234567"
  bitbucket = {
    workspace       = "movies"
    workspace_uuid  = "10000000-0000-4000-8000-000000000000"
    repository_uuid = "20000000-0000-4000-8000-000000000000"
    build_uuid      = "30000000-0000-4000-8000-000000000000"
    environments = {
      dev  = { plan_uuid = "40000000-0000-4000-8000-000000000000", apply_uuid = "50000000-0000-4000-8000-000000000000" }
      prod = { plan_uuid = "60000000-0000-4000-8000-000000000000", apply_uuid = "70000000-0000-4000-8000-000000000000" }
    }
  }
}

run "nobody_as_owner_is_refused" {
  command = plan

  variables {
    owner = " "
  }

  expect_failures = [var.owner]
}

run "no_cost_centre_is_refused" {
  command = plan

  variables {
    cost_centre = ""
  }

  expect_failures = [var.cost_centre]
}

run "a_branch_for_a_commit_is_refused" {
  command = plan

  variables {
    commit = "main"
  }

  expect_failures = [var.commit]
}

run "a_project_with_an_underscore_is_refused" {
  command = plan

  variables {
    project = "movies_api"
  }

  expect_failures = [var.project]
}

run "a_project_too_long_for_the_state_bucket_is_refused" {
  command = plan

  variables {
    project = "m${join("", [for i in range(28) : "x"])}"
  }

  expect_failures = [var.project]
}

run "an_account_id_of_eleven_digits_is_refused" {
  command = plan

  variables {
    account_id = "12345678901"
  }

  expect_failures = [var.account_id]
}

run "a_region_that_is_not_allowed_is_refused" {
  command = plan

  variables {
    region = "us-east-1"
  }

  expect_failures = [var.region]
}

run "a_state_history_of_a_day_is_refused" {
  command = plan

  variables {
    state_history_days = 1
  }

  expect_failures = [var.state_history_days]
}

run "candidates_kept_for_no_day_are_refused" {
  command = plan

  variables {
    candidate_days = 0
  }

  expect_failures = [var.candidate_days]
}

run "a_workspace_by_its_display_name_is_refused" {
  command = plan

  variables {
    bitbucket = merge(var.bitbucket, { workspace = "Movies Team" })
  }

  expect_failures = [var.bitbucket]
}

run "a_uuid_in_braces_is_refused" {
  command = plan

  variables {
    bitbucket = merge(var.bitbucket, { repository_uuid = "{20000000-0000-4000-8000-000000000000}" })
  }

  expect_failures = [var.bitbucket]
}

run "a_wildcard_for_a_uuid_is_refused" {
  command = plan

  variables {
    bitbucket = merge(var.bitbucket, { build_uuid = "*" })
  }

  expect_failures = [var.bitbucket]
}

run "one_environment_for_plan_and_apply_is_refused" {
  command = plan

  variables {
    bitbucket = merge(var.bitbucket, { environments = { dev = { plan_uuid = "40000000-0000-4000-8000-000000000000", apply_uuid = "40000000-0000-4000-8000-000000000000" } } })
  }

  expect_failures = [var.bitbucket]
}

run "a_pipeline_without_environments_is_refused" {
  command = plan

  variables {
    bitbucket = merge(var.bitbucket, { environments = {} })
  }

  expect_failures = [var.bitbucket]
}

run "an_environment_that_looks_like_part_of_another_is_refused" {
  command = plan

  variables {
    bitbucket = merge(var.bitbucket, { environments = { dev-x = { plan_uuid = "40000000-0000-4000-8000-000000000000", apply_uuid = "50000000-0000-4000-8000-000000000000" } } })
  }

  expect_failures = [var.bitbucket]
}

run "an_environment_too_long_for_a_load_balancer_is_refused" {
  command = plan

  variables {
    project   = "movies-api-of-the-long-name"
    bitbucket = merge(var.bitbucket, { environments = { staging = { plan_uuid = "40000000-0000-4000-8000-000000000000", apply_uuid = "50000000-0000-4000-8000-000000000000" } } })
  }

  expect_failures = [var.bitbucket]
}

run "an_environment_with_a_name_of_this_root_is_refused" {
  command = plan

  variables {
    bitbucket = merge(var.bitbucket, { environments = { state = { plan_uuid = "40000000-0000-4000-8000-000000000000", apply_uuid = "50000000-0000-4000-8000-000000000000" } } })
  }

  expect_failures = [var.bitbucket]
}

run "a_provider_of_another_workspace_is_refused" {
  command = plan

  variables {
    bitbucket = merge(var.bitbucket, { oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/api.bitbucket.org/2.0/workspaces/films/pipelines-config/identity/oidc" })
  }

  expect_failures = [var.bitbucket]
}

run "a_network_by_its_name_is_refused" {
  command = plan

  variables {
    bitbucket = merge(var.bitbucket, { environments = { dev = { plan_uuid = "40000000-0000-4000-8000-000000000000", apply_uuid = "50000000-0000-4000-8000-000000000000", vpc_id = "movies-api-dev" } } })
  }

  expect_failures = [var.bitbucket]
}

run "a_zone_with_a_dot_at_its_end_is_refused" {
  command = plan

  variables {
    bitbucket = merge(var.bitbucket, { environments = { dev = { plan_uuid = "40000000-0000-4000-8000-000000000000", apply_uuid = "50000000-0000-4000-8000-000000000000", zone = { id = "Z0123456789ABC", domain_name = "movies.example.com." } } } })
  }

  expect_failures = [var.bitbucket]
}

run "a_bucket_with_a_path_is_refused" {
  command = plan

  variables {
    bitbucket = merge(var.bitbucket, { environments = { dev = { plan_uuid = "40000000-0000-4000-8000-000000000000", apply_uuid = "50000000-0000-4000-8000-000000000000", client_ca_bucket = "bank-client-cas/ca.pem" } } })
  }

  expect_failures = [var.bitbucket]
}

run "a_gateway_by_name_is_refused" {
  command = plan

  variables {
    bitbucket = merge(var.bitbucket, { environments = { dev = { plan_uuid = "40000000-0000-4000-8000-000000000000", apply_uuid = "50000000-0000-4000-8000-000000000000", transit_gateway_id = "bank-gateway" } } })
  }

  expect_failures = [var.bitbucket]
}
