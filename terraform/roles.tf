# Roles of the tasks: what the code does, and what starting it takes.

# Which service of AWS takes a role: for this account, and where AWS names what it acts for, for that.
data "aws_iam_policy_document" "assume" {
  for_each = {
    tasks       = { sid = "TasksOfThisAccount", service = "ecs-tasks", acts_for = ["ecs:${var.region}:${data.aws_caller_identity.current.account_id}:*"] }
    experiments = { sid = "ExperimentsOfThisAccount", service = "fis", acts_for = ["fis:${var.region}:${data.aws_caller_identity.current.account_id}:experiment/*"] }
    outside     = { sid = "FunctionsOfThisAccount", service = "lambda", acts_for = [] }
  }

  statement {
    sid     = each.value.sid
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["${each.value.service}.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }

    dynamic "condition" {
      for_each = each.value.acts_for

      content {
        test     = "ArnLike"
        variable = "aws:SourceArn"
        values   = ["arn:${data.aws_partition.current.partition}:${condition.value}"]
      }
    }
  }
}

resource "aws_iam_role" "task" {
  name                 = "${local.name}-task-${local.region_code}"
  description          = "What the service may do"
  assume_role_policy   = data.aws_iam_policy_document.assume["tasks"].json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "task" {
  name   = "movies-table"
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.task.json
}

data "aws_iam_policy_document" "task" {
  # In all tables of this environment: while the service moves to a restored one, some tasks read the one before.
  statement {
    sid       = "MoviesInTable"
    actions   = ["dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan"]
    resources = module.movies_table.table_arns
  }

  statement {
    sid       = "MoviesByIndex"
    actions   = ["dynamodb:Query"]
    resources = [for arn in module.movies_table.table_arns : "${arn}/index/*"]
  }

  statement {
    sid       = "TableKeyThroughDynamoDb"
    actions   = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
    resources = [module.movies_table.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["dynamodb.${var.region}.${data.aws_partition.current.dns_suffix}"]
    }
  }
}

resource "aws_iam_role_policy" "telemetry" {
  name   = "telemetry"
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.telemetry.json
}

# What the collector does; containers of a task share its role.
data "aws_iam_policy_document" "telemetry" {
  statement {
    sid       = "WriteMetrics"
    actions   = ["aps:RemoteWrite"]
    resources = [module.observability.prometheus_workspace.arn]
  }

  # Has no resource to narrow it to.
  statement {
    sid       = "SendTraces"
    actions   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    resources = ["*"]
  }
}

resource "aws_iam_role" "execution" {
  name                 = "${local.name}-execution-${local.region_code}"
  description          = "What starting a task takes: its image, its log, its secrets"
  assume_role_policy   = data.aws_iam_policy_document.assume["tasks"].json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "execution" {
  name   = "start"
  role   = aws_iam_role.execution.id
  policy = data.aws_iam_policy_document.execution.json
}

data "aws_iam_policy_document" "execution" {
  # Has no resource to narrow it to.
  statement {
    sid       = "SignInToRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid     = "PullTheseRepositories"
    actions = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = [for image in distinct([for image in [var.image, coalesce(var.collector_image, var.image)] : split("@", image)[0]]) :
      format("arn:%s:ecr:%s:%s:repository/%s", data.aws_partition.current.partition, split(".", image)[3], split(".", image)[0], regex("^[^/]+/(.+)$", image)[0])
    ]
  }

  statement {
    sid       = "WriteOwnLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.api.arn}:*", "${aws_cloudwatch_log_group.collector.arn}:*"]
  }

  statement {
    sid       = "ReadCursorKeys"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = module.cursor_keys.arns
  }

  statement {
    sid       = "KeyThroughSecretsManager"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.main.arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["secretsmanager.${var.region}.${data.aws_partition.current.dns_suffix}"]
    }
  }
}
