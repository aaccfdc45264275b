output "arn" {
  description = "ARN of the secret"
  value       = aws_secretsmanager_secret.main.arn
}

output "version_id" {
  description = "Version of the value: it changes with every generation, and so does what names it"
  value       = aws_secretsmanager_secret_version.main.version_id
}
