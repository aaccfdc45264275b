# 48 letters and digits: 285 bits. Drawn for this run only; the one place that keeps them is Secrets Manager.
ephemeral "aws_secretsmanager_random_password" "value" {
  password_length = 48

  # True, and known only once the secret exists: a plan for a new account draws nothing and needs no right to.
  exclude_punctuation = startswith(aws_secretsmanager_secret.main.arn, "arn:")
}

resource "aws_secretsmanager_secret" "main" {
  name                    = var.name
  description             = var.description
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.recovery_window_days
}

resource "aws_secretsmanager_secret_version" "main" {
  secret_id                = aws_secretsmanager_secret.main.id
  secret_string_wo         = ephemeral.aws_secretsmanager_random_password.value.random_password
  secret_string_wo_version = var.generation
}
