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

run "a_table_survives_mistakes_by_default" {
  command = plan

  assert {
    condition     = aws_dynamodb_table.main["original"].deletion_protection_enabled
    error_message = "The table can be deleted."
  }
}

run "a_backup_without_a_lock_makes_none" {
  command = plan

  variables {
    backup = { schedule = "cron(0 3 * * ? *)", retention_days = 7 }
  }

  assert {
    condition     = length(aws_backup_vault.main) == 1 && length(aws_backup_vault_lock_configuration.main) == 0
    error_message = "A backup without a lock should make a vault and no lock."
  }

  assert {
    condition     = aws_backup_restore_testing_plan.main["main"].name == "movies_test"
    error_message = "Backups are restored as a test by a plan whose name AWS refuses."
  }
}

run "a_restored_table_is_kept_as_the_first_one_and_may_serve" {
  command = plan

  variables {
    restored = ["movies-test-at-20260301T120000Z"]
    serving  = "movies-test-at-20260301T120000Z"
    backup   = { schedule = "cron(0 3 * * ? *)", retention_days = 7 }
  }

  assert {
    condition     = { for key, table in aws_dynamodb_table.main : key => table.name } == { original = "movies-test", movies-test-at-20260301T120000Z = "movies-test-at-20260301T120000Z" }
    error_message = "The tables aren't the first one and its copy."
  }

  assert {
    condition = length(distinct([for table in aws_dynamodb_table.main : jsonencode([
      table.hash_key, table.range_key, table.global_secondary_index[*].name, table.deletion_protection_enabled, table.point_in_time_recovery, table.billing_mode,
    ])])) == 1
    error_message = "The restored table differs from the first one."
  }

  assert {
    condition     = output.table_name == "movies-test-at-20260301T120000Z"
    error_message = "The restored table doesn't serve."
  }
}

run "backups_are_copied_into_the_named_vault_and_no_other" {
  command = plan

  variables {
    backup = { schedule = "cron(0 3 * * ? *)", retention_days = 7, copy_to = "arn:aws:backup:eu-central-1:444455556666:backup-vault:bank-copies" }
  }

  assert {
    condition = [for statement in data.aws_iam_policy_document.backup["main"].statement :
      [for condition in statement.condition : "${condition.test} ${condition.variable} ${join(" ", condition.values)}"] if contains(statement.actions, "backup:CopyFromBackupVault")
    ] == [["ForAnyValue:StringEquals backup:CopyTargets ${var.backup.copy_to}"]]
    error_message = "Backups can't be taken to the named vault, or to any."
  }

  assert {
    condition     = one(one(aws_backup_plan.main["main"].rule).copy_action).destination_vault_arn == var.backup.copy_to
    error_message = "Backups are copied elsewhere, or not at all."
  }
}

run "a_replica_has_its_own_key_and_recovery" {
  command = plan

  variables {
    replica_regions = { eu-central-1 = "arn:aws:kms:eu-central-1:123456789012:key/mrk-1" }
  }

  assert {
    condition     = one(aws_dynamodb_table.main["original"].replica).region_name == "eu-central-1" && one(aws_dynamodb_table.main["original"].replica).point_in_time_recovery
    error_message = "The replica isn't in eu-central-1 with recovery."
  }

  assert {
    condition     = aws_dynamodb_table.main["original"].stream_enabled && aws_kms_key.table.multi_region
    error_message = "The replica lacks the stream or the kind of key it needs."
  }
}

run "a_replica_in_the_tables_own_region_is_refused" {
  command = plan

  variables {
    replica_regions = { eu-west-1 = "arn:aws:kms:eu-west-1:123456789012:key/mrk-1" }
  }

  expect_failures = [aws_dynamodb_table.main]
}
