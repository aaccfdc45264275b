# Keys are numbered from 0; even ones lie in slot a, odd ones in slot b. Key k gives way to key k + 1 in three stages, and
# each stage takes what its neighbours sign, so that tasks of both can run side by side (docs/decisions/07-page-cursors-are-signed.md):
#   3k      key k alone
#   3k + 1  key k signs, key k + 1 is new and accepted
#   3k + 2  key k + 1 signs, key k is still accepted
#   3k + 3  key k + 1 alone
locals {
  oldest   = floor(var.stage / 3)
  newest   = ceil(var.stage / 3)
  signing  = floor((var.stage + 1) / 3)
  accepted = setsubtract([local.oldest, local.newest], [local.signing])

  # How many values a slot was given. Only the slot that no task reads is given another one.
  generations = {
    a = floor(local.newest / 2) + 1
    b = ceil(local.newest / 2) + 1
  }
  slots = sort(keys(local.generations))
}

# 48 letters and digits: 285 bits. Drawn for this run only; the one place that keeps them is Secrets Manager.
ephemeral "aws_secretsmanager_random_password" "value" {
  for_each = local.generations

  password_length = 48

  # True, and known only once the secret exists: a plan for a new account draws nothing and needs no right to.
  exclude_punctuation = startswith(aws_secretsmanager_secret.main[each.key].arn, "arn:")
}

resource "aws_secretsmanager_secret" "main" {
  for_each = local.generations

  name                    = "${var.name}-${each.key}"
  description             = var.description
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.recovery_window_days
}

resource "aws_secretsmanager_secret_version" "main" {
  for_each = local.generations

  secret_id                = aws_secretsmanager_secret.main[each.key].id
  secret_string_wo         = ephemeral.aws_secretsmanager_random_password.value[each.key].random_password
  secret_string_wo_version = each.value
}
