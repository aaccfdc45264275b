module "movies_table" {
  source = "../modules/movies-table"

  name                     = local.name
  restored                 = var.tables.restored
  serving                  = var.tables.serving
  hash_key                 = local.table.hashKey
  range_key                = local.table.rangeKey
  global_secondary_indexes = [for index in local.table.globalSecondaryIndexes : { name = index.name, hash_key = index.hashKey, range_key = index.rangeKey }]

  deletion_protection_enabled = var.environment == "prod"
  multi_region                = var.multi_region
  replica_regions             = { for region, key in aws_kms_replica_key.table : region => key.arn }
  backup                      = var.backup
  permissions_boundary_arn    = var.permissions_boundary_arn
}

# A table that DynamoDB restored is taken over as it is: with the next apply it is protected, tagged and backed up as the first one.
import {
  for_each = var.tables.restored
  to       = module.movies_table.aws_dynamodb_table.main[each.key]
  id       = each.key
}

resource "aws_kms_replica_key" "table" {
  provider = aws.replica
  for_each = toset(var.replicate ? [local.replica_region] : [])

  description             = "Encrypts the replica of the table ${local.name}"
  primary_key_arn         = module.movies_table.kms_key_arn
  policy                  = module.movies_table.kms_key_policy
  deletion_window_in_days = 30
}

# One key for what the service writes besides its table: logs, metrics, messages to people, the cursor keys.
resource "aws_kms_key" "main" {
  description             = "${local.name}: logs, metrics, alarms and secrets"
  enable_key_rotation     = true
  deletion_window_in_days = var.environment == "prod" ? 30 : 7
  policy                  = data.aws_iam_policy_document.key.json
}

resource "aws_kms_alias" "main" {
  name          = "alias/${local.name}-service"
  target_key_id = aws_kms_key.main.key_id
}

data "aws_iam_policy_document" "key" {
  # Without it nobody could change the key again; who in the account may use it is up to the account's policies.
  statement {
    sid       = "AccountAdministersKey"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"]
    }
  }

  statement {
    sid       = "LogsOfThisServiceOnly"
    actions   = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${var.region}.${data.aws_partition.current.dns_suffix}"]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values = [for group in ["/${local.name}/*", "aws-waf-logs-${local.name}", "/aws/ecs/containerinsights/${local.name}/*"] :
        "arn:${data.aws_partition.current.partition}:logs:${var.region}:${data.aws_caller_identity.current.account_id}:log-group:${group}"
      ]
    }
  }

  statement {
    sid       = "AlarmsOfThisAccountToTopics"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = concat(["cloudwatch.amazonaws.com"], var.monthly_budget_usd == null ? [] : ["budgets.amazonaws.com"])
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

# Sign the page cursors.
module "cursor_keys" {
  source = "../modules/rotated-secret"

  name                 = "${local.name}/cursor"
  description          = "Signs page cursors"
  kms_key_arn          = aws_kms_key.main.arn
  stage                = var.cursor_key_stage
  recovery_window_days = var.environment == "prod" ? 30 : 0
}
