data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  # The table as it was made first, and those that DynamoDB restored beside it, by name.
  tables  = merge({ original = var.name }, { for name in var.restored : name => name })
  serving = coalesce(var.serving, var.name) == var.name ? "original" : var.serving

  # DynamoDB wants each key attribute declared once, however many keys use it.
  keys = concat(
    [var.hash_key, var.range_key],
    flatten([for index in var.global_secondary_indexes : [index.hash_key, index.range_key]]),
  )
}

moved {
  from = aws_dynamodb_table.main
  to   = aws_dynamodb_table.main["original"]
}

resource "aws_dynamodb_table" "main" {
  for_each = local.tables

  name                        = each.value
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = var.hash_key.name
  range_key                   = var.range_key.name
  deletion_protection_enabled = var.deletion_protection_enabled

  # Replication reads the stream. DynamoDB turns it on by itself; saying so keeps the next plan empty.
  stream_enabled   = length(var.replica_regions) > 0
  stream_view_type = length(var.replica_regions) > 0 ? "NEW_AND_OLD_IMAGES" : null

  dynamic "attribute" {
    for_each = { for key in distinct(local.keys) : key.name => key.type }

    content {
      name = attribute.key
      type = attribute.value
    }
  }

  dynamic "global_secondary_index" {
    for_each = { for index in var.global_secondary_indexes : index.name => index }

    content {
      name            = global_secondary_index.key
      hash_key        = global_secondary_index.value.hash_key.name
      range_key       = global_secondary_index.value.range_key.name
      projection_type = "ALL"
    }
  }

  point_in_time_recovery {
    enabled                 = true
    recovery_period_in_days = var.point_in_time_recovery_days
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.table.arn
  }

  dynamic "replica" {
    for_each = var.replica_regions

    content {
      region_name            = replica.key
      kms_key_arn            = replica.value
      point_in_time_recovery = true
      propagate_tags         = true
    }
  }

  lifecycle {
    precondition {
      condition     = !contains(keys(var.replica_regions), data.aws_region.current.name)
      error_message = "replica_regions names ${data.aws_region.current.name}, the table's own region: a replica must live in another one."
    }
  }
}
