# What a caller outside meets, each minute: the look of `npm run outside-probe`, in the image that serves, run by Lambda
# outside of the VPC. Its log is what the module observability counts (docs/decisions/14-objectives-are-written-once.md).

locals {
  outside = toset(var.outside_probe == null ? [] : ["main"])
}

resource "aws_lambda_function" "outside" {
  for_each = local.outside

  function_name = "${local.name}-outside"
  description   = "What a caller outside meets, each minute"
  role          = aws_iam_role.outside[each.key].arn
  package_type  = "Image"
  image_uri     = var.image
  architectures = [var.architecture == "ARM64" ? "arm64" : "x86_64"]
  # With less it has less of a processor, and its handshakes would count as slow answers.
  memory_size = 256
  # Its calls give up before; what ends here is a miss, for it has written no line.
  timeout = 60

  image_config {
    command = ["/app/outside-probe.mjs"]
  }

  environment {
    variables = {
      PROBE_URL               = "https://${var.domain_name}"
      PROBE_TOKEN_ENDPOINT    = var.oidc == null ? module.api_access["cognito"].token_endpoint : var.outside_probe.client.token_endpoint
      PROBE_CLIENT_ID         = var.oidc == null ? module.api_access["cognito"].reader_ids["outside"] : var.outside_probe.client.id
      PROBE_CLIENT_SECRET_ARN = var.oidc == null ? aws_secretsmanager_secret.outside["cognito"].arn : var.outside_probe.client.secret_arn
      PROBE_MOVIE             = var.outside_probe.movie
    }
  }

  logging_config {
    log_format = "Text" # the lines as they are: they are JSON
    log_group  = aws_cloudwatch_log_group.outside[each.key].name
  }
}

resource "aws_cloudwatch_event_rule" "outside" {
  for_each = local.outside

  name                = "${local.name}-outside"
  description         = "The outside probe"
  schedule_expression = "rate(1 minute)"
}

resource "aws_cloudwatch_event_target" "outside" {
  for_each = local.outside

  rule = aws_cloudwatch_event_rule.outside[each.key].name
  arn  = aws_lambda_function.outside[each.key].arn
}

resource "aws_lambda_permission" "outside" {
  for_each = local.outside

  statement_id   = "RuleOfEachMinute"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.outside[each.key].function_name
  principal      = "events.amazonaws.com"
  source_account = data.aws_caller_identity.current.account_id
  source_arn     = aws_cloudwatch_event_rule.outside[each.key].arn
}

resource "aws_cloudwatch_log_group" "outside" {
  for_each = local.outside

  name              = "/${local.name}/outside"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.main.arn
}

# Of the client that the user pool made. Lambda gives a function no secret, and a role that could ask Cognito could ask for
# every client's.
resource "aws_secretsmanager_secret" "outside" {
  for_each = toset(var.outside_probe != null && var.oidc == null ? ["cognito"] : [])

  name                    = "${local.name}/outside"
  description             = "Secret of the client of the outside probe"
  kms_key_id              = aws_kms_key.main.arn
  recovery_window_in_days = var.environment == "prod" ? 30 : 0
}

resource "aws_secretsmanager_secret_version" "outside" {
  for_each = aws_secretsmanager_secret.outside

  secret_id                = each.value.id
  secret_string_wo         = module.api_access["cognito"].reader_secrets["outside"]
  secret_string_wo_version = parseint(substr(sha256(module.api_access["cognito"].reader_ids["outside"]), 0, 8), 16) # another client, another secret
}

resource "aws_iam_role" "outside" {
  for_each = local.outside

  name                 = "${local.name}-outside-${local.region_code}"
  description          = "What the outside probe may do in this account"
  assume_role_policy   = data.aws_iam_policy_document.assume["outside"].json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "outside" {
  for_each = local.outside

  name   = "probe"
  role   = aws_iam_role.outside[each.key].id
  policy = data.aws_iam_policy_document.outside[each.key].json
}

data "aws_iam_policy_document" "outside" {
  for_each = local.outside

  statement {
    sid       = "WriteOwnLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.outside[each.key].arn}:*"]
  }

  statement {
    sid       = "ReadOwnClientSecret"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.oidc == null ? aws_secretsmanager_secret.outside["cognito"].arn : var.outside_probe.client.secret_arn]
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
