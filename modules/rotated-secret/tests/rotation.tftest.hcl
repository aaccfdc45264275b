# Which key does what at each stage. The real provider, because a mock one has no ephemeral resources; nothing is called.
provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  max_retries                 = 0
}

variables {
  name                 = "movies-api-test/cursor"
  description          = "Keys of a test"
  kms_key_arn          = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000"
  recovery_window_days = 0
}

run "at_first_one_key_is_alone" {
  command = plan

  variables {
    stage = 0
  }

  assert {
    condition     = "${local.signing} signs, accepted: ${join(",", local.accepted)}, values a${aws_secretsmanager_secret_version.main["a"].secret_string_wo_version} b${aws_secretsmanager_secret_version.main["b"].secret_string_wo_version}" == "0 signs, accepted: , values a1 b1"
    error_message = "At stage 0 key 0 signs, accepted besides: none; the slots hold their values number 1 and 1."
  }
}

run "the_next_key_is_accepted_before_it_signs" {
  command = plan

  variables {
    stage = 1
  }

  assert {
    condition     = "${local.signing} signs, accepted: ${join(",", local.accepted)}, values a${aws_secretsmanager_secret_version.main["a"].secret_string_wo_version} b${aws_secretsmanager_secret_version.main["b"].secret_string_wo_version}" == "0 signs, accepted: 1, values a1 b2"
    error_message = "At stage 1 key 0 signs, accepted besides: 1; the slots hold their values number 1 and 2."
  }
}

run "the_old_key_is_accepted_after_it_signed" {
  command = plan

  variables {
    stage = 2
  }

  assert {
    condition     = "${local.signing} signs, accepted: ${join(",", local.accepted)}, values a${aws_secretsmanager_secret_version.main["a"].secret_string_wo_version} b${aws_secretsmanager_secret_version.main["b"].secret_string_wo_version}" == "1 signs, accepted: 0, values a1 b2"
    error_message = "At stage 2 key 1 signs, accepted besides: 0; the slots hold their values number 1 and 2."
  }
}

run "the_new_key_is_alone" {
  command = plan

  variables {
    stage = 3
  }

  assert {
    condition     = "${local.signing} signs, accepted: ${join(",", local.accepted)}, values a${aws_secretsmanager_secret_version.main["a"].secret_string_wo_version} b${aws_secretsmanager_secret_version.main["b"].secret_string_wo_version}" == "1 signs, accepted: , values a1 b2"
    error_message = "At stage 3 key 1 signs, accepted besides: none; the slots hold their values number 1 and 2."
  }
}

run "a_second_rotation_renews_the_slot_that_nobody_reads" {
  command = plan

  variables {
    stage = 4
  }

  assert {
    condition     = "${local.signing} signs, accepted: ${join(",", local.accepted)}, values a${aws_secretsmanager_secret_version.main["a"].secret_string_wo_version} b${aws_secretsmanager_secret_version.main["b"].secret_string_wo_version}" == "1 signs, accepted: 2, values a2 b2"
    error_message = "At stage 4 key 1 signs, accepted besides: 2; the slots hold their values number 2 and 2."
  }
}

run "the_third_rotation_renews_the_other_slot" {
  command = plan

  variables {
    stage = 7
  }

  assert {
    condition     = "${local.signing} signs, accepted: ${join(",", local.accepted)}, values a${aws_secretsmanager_secret_version.main["a"].secret_string_wo_version} b${aws_secretsmanager_secret_version.main["b"].secret_string_wo_version}" == "2 signs, accepted: 3, values a2 b3"
    error_message = "At stage 7 key 2 signs, accepted besides: 3; the slots hold their values number 2 and 3."
  }
}
