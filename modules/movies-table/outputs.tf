output "table_name" {
  description = "Name of the table that serves."
  value       = aws_dynamodb_table.main[local.serving].name
}

output "table_arns" {
  description = "ARNs of all tables, the one that serves among them; the indexes of each are its ARN followed by /index/<name>."
  value       = [for table in aws_dynamodb_table.main : table.arn]
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

output "restore_role_name" {
  description = "Name of the role by which AWS Backup restores the table; null without backups."
  value       = one([for role in aws_iam_role.restore : role.name])
}

output "restore_role_arn" {
  description = "ARN of that role, for whoever starts a restore."
  value       = one([for role in aws_iam_role.restore : role.arn])
}
