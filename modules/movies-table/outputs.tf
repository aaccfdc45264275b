output "table_name" {
  description = "Name of the table."
  value       = aws_dynamodb_table.main.name
}

output "table_arn" {
  description = "ARN of the table; its indexes are this ARN followed by /index/<name>."
  value       = aws_dynamodb_table.main.arn
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts the table. A role that uses the table needs it too, through DynamoDB."
  value       = aws_kms_key.table.arn
}

output "kms_key_policy" {
  description = "Policy of that key, for its replicas in other regions."
  value       = data.aws_iam_policy_document.key["table"].json
}

output "backup_vault_name" {
  description = "Name of the vault that holds the table's backups; null without backups."
  value       = one([for vault in aws_backup_vault.main : vault.name])
}
