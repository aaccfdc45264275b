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
  name      = "movies-test"
  hash_key  = { name = "year", type = "N" }
  range_key = { name = "title", type = "S" }
  global_secondary_indexes = [
    { name = "title-year", hash_key = { name = "title", type = "S" }, range_key = { name = "year", type = "N" } },
    { name = "year-rating", hash_key = { name = "year", type = "N" }, range_key = { name = "rating", type = "N" } },
  ]
}

run "a_name_too_long_for_its_backup_vault_is_refused" {
  command = plan

  variables {
    name = "m${join("", [for i in range(50) : "x"])}"
  }

  expect_failures = [var.name]
}

run "a_hash_key_of_an_unknown_type_is_refused" {
  command = plan

  variables {
    hash_key = { name = "year", type = "NUMBER" }
  }

  expect_failures = [var.hash_key]
}

run "a_range_key_of_an_unknown_type_is_refused" {
  command = plan

  variables {
    range_key = { name = "title", type = "STRING" }
  }

  expect_failures = [var.range_key]
}

run "one_attribute_as_both_keys_is_refused" {
  command = plan

  variables {
    range_key                = { name = "year", type = "N" }
    global_secondary_indexes = []
  }

  expect_failures = [var.range_key]
}

run "a_twenty_first_index_is_refused" {
  command = plan

  variables {
    global_secondary_indexes = [
      for number in range(21) :
      { name = "index-${number}", hash_key = { name = "title", type = "S" }, range_key = { name = "year", type = "N" } }
    ]
  }

  expect_failures = [var.global_secondary_indexes]
}

run "an_index_name_with_a_space_is_refused" {
  command = plan

  variables {
    global_secondary_indexes = [
      { name = "title year", hash_key = { name = "title", type = "S" }, range_key = { name = "year", type = "N" } },
    ]
  }

  expect_failures = [var.global_secondary_indexes]
}

run "two_indexes_of_one_name_are_refused" {
  command = plan

  variables {
    global_secondary_indexes = [
      { name = "by-title", hash_key = { name = "title", type = "S" }, range_key = { name = "year", type = "N" } },
      { name = "by-title", hash_key = { name = "year", type = "N" }, range_key = { name = "title", type = "S" } },
    ]
  }

  expect_failures = [var.global_secondary_indexes]
}

run "an_index_key_of_an_unknown_type_is_refused" {
  command = plan

  variables {
    global_secondary_indexes = [
      { name = "year-genre", hash_key = { name = "year", type = "N" }, range_key = { name = "genre", type = "SS" } },
    ]
  }

  expect_failures = [var.global_secondary_indexes]
}

run "one_attribute_with_two_types_is_refused" {
  command = plan

  variables {
    global_secondary_indexes = [
      { name = "title-year", hash_key = { name = "title", type = "S" }, range_key = { name = "year", type = "S" } },
    ]
  }

  expect_failures = [var.global_secondary_indexes]
}

run "recovery_beyond_35_days_is_refused" {
  command = plan

  variables {
    point_in_time_recovery_days = 36
  }

  expect_failures = [var.point_in_time_recovery_days]
}

run "a_replica_region_that_is_no_region_is_refused" {
  command = plan

  variables {
    replica_regions = { Frankfurt = "arn:aws:kms:Frankfurt:123456789012:key/mrk-1" }
  }

  expect_failures = [var.replica_regions]
}

run "a_replica_key_of_another_region_is_refused" {
  command = plan

  variables {
    replica_regions = { eu-central-1 = "arn:aws:kms:eu-north-1:123456789012:key/mrk-1" }
  }

  expect_failures = [var.replica_regions]
}

run "a_replica_in_the_tables_own_region_is_refused" {
  command = plan

  variables {
    replica_regions = { eu-west-1 = "arn:aws:kms:eu-west-1:123456789012:key/mrk-1" }
  }

  expect_failures = [aws_dynamodb_table.main]
}

run "a_backup_schedule_that_is_no_cron_expression_is_refused" {
  command = plan

  variables {
    backup = { schedule = "daily", retention_days = 7 }
  }

  expect_failures = [var.backup]
}

run "a_backup_kept_for_no_day_is_refused" {
  command = plan

  variables {
    backup = { schedule = "cron(0 3 * * ? *)", retention_days = 0 }
  }

  expect_failures = [var.backup]
}

run "a_lock_of_no_day_is_refused" {
  command = plan

  variables {
    backup = {
      schedule       = "cron(0 3 * * ? *)"
      retention_days = 7
      vault_lock     = { min_retention_days = 0, max_retention_days = 30 }
    }
  }

  expect_failures = [var.backup]
}

run "a_retention_outside_the_lock_is_refused" {
  command = plan

  variables {
    backup = {
      schedule       = "cron(0 3 * * ? *)"
      retention_days = 7
      vault_lock     = { min_retention_days = 14, max_retention_days = 30 }
    }
  }

  expect_failures = [var.backup]
}

run "a_lock_that_leaves_no_time_to_think_again_is_refused" {
  command = plan

  variables {
    backup = {
      schedule       = "cron(0 3 * * ? *)"
      retention_days = 7
      vault_lock     = { min_retention_days = 7, max_retention_days = 30, changeable_for_days = 2 }
    }
  }

  expect_failures = [var.backup]
}

run "a_boundary_that_is_no_policy_is_refused" {
  command = plan

  variables {
    permissions_boundary_arn = "movies-workload"
  }

  expect_failures = [var.permissions_boundary_arn]
}
