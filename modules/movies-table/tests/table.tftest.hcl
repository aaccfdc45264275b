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

  assert {
    condition     = one(aws_dynamodb_table.main["original"].point_in_time_recovery).enabled && one(aws_dynamodb_table.main["original"].point_in_time_recovery).recovery_period_in_days == 35
    error_message = "The table can't be restored to any second of the last 35 days."
  }

  assert {
    condition     = one(aws_dynamodb_table.main["original"].server_side_encryption).enabled && aws_kms_key.table.enable_key_rotation
    error_message = "The table isn't encrypted with a key of its own that rotates."
  }

  assert {
    condition     = aws_dynamodb_table.main["original"].billing_mode == "PAY_PER_REQUEST"
    error_message = "The table isn't billed on demand."
  }
}

run "an_attribute_shared_by_several_keys_is_declared_once" {
  command = plan

  assert {
    condition = sort([for attribute in aws_dynamodb_table.main["original"].attribute : "${attribute.name}:${attribute.type}"]) == tolist([
      "rating:N", "title:S", "year:N",
    ])
    error_message = "The attributes aren't exactly the key attributes."
  }

  assert {
    condition = sort([for index in aws_dynamodb_table.main["original"].global_secondary_index : "${index.name}:${index.hash_key}/${index.range_key}:${index.projection_type}"]) == tolist([
      "title-year:title/year:ALL", "year-rating:year/rating:ALL",
    ])
    error_message = "The indexes aren't as declared."
  }
}

run "the_key_serves_dynamodb_only_and_names_no_wildcard" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(data.aws_iam_policy_document.key["table"].json).Statement :
      [for action in flatten([statement.Action]) : !strcontains(action, "*")]
    ]))
    error_message = "The key policy names a wildcard action."
  }

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.key["table"].json).Statement :
      statement.Condition.StringLike["kms:ViaService"] if contains(flatten([statement.Action]), "kms:Decrypt")
    ] == ["dynamodb.*.amazonaws.com"]
    error_message = "The table can be decrypted by another way than DynamoDB."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(data.aws_iam_policy_document.key["table"].json).Statement :
      statement.Principal == { AWS = "arn:aws:iam::123456789012:root" }
    ])
    error_message = "The key policy names someone outside the account."
  }
}

run "without_backup_there_is_no_vault" {
  command = plan

  assert {
    condition     = length(aws_backup_vault.main) + length(aws_backup_plan.main) + length(aws_iam_role.backup) == 0
    error_message = "Something of the backup exists without a backup."
  }

  assert {
    condition     = output.backup_vault_name == null
    error_message = "A vault is named that doesn't exist."
  }
}

run "a_backup_is_locked_and_has_a_key_of_its_own" {
  command = plan

  variables {
    backup = {
      schedule       = "cron(0 3 * * ? *)"
      retention_days = 35
      vault_lock     = { min_retention_days = 7, max_retention_days = 365, changeable_for_days = 3 }
    }
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/movies-workload"
  }

  assert {
    condition = (
      aws_backup_vault_lock_configuration.main["main"].min_retention_days == 7 &&
      aws_backup_vault_lock_configuration.main["main"].max_retention_days == 365 &&
      aws_backup_vault_lock_configuration.main["main"].changeable_for_days == 3
    )
    error_message = "The vault isn't locked as asked."
  }

  assert {
    condition     = aws_kms_key.backup["main"].enable_key_rotation
    error_message = "The vault's key doesn't rotate."
  }

  assert {
    condition     = one(one(aws_backup_plan.main["main"].rule).lifecycle).delete_after == 35
    error_message = "Backups aren't kept for 35 days."
  }

  assert {
    condition     = aws_iam_role.backup["main"].permissions_boundary == "arn:aws:iam::123456789012:policy/movies-workload"
    error_message = "The backup role has no boundary."
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

run "backups_are_restored_as_a_test_each_week" {
  command = plan

  variables {
    backup = { schedule = "cron(0 3 * * ? *)", retention_days = 7 }
  }

  assert {
    condition     = aws_backup_restore_testing_plan.main["main"].schedule_expression == "cron(0 6 ? * SUN *)" && aws_backup_restore_testing_plan.main["main"].name == "movies_test"
    error_message = "Backups aren't restored each Sunday, or by a plan whose name AWS refuses."
  }

  assert {
    condition     = aws_backup_restore_testing_selection.table["main"].protected_resource_type == "DynamoDB"
    error_message = "Something else than the table is restored."
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
