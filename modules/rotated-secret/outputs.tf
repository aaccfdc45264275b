output "signing" {
  description = "Value that signs, as `valueFrom` of a container's secret. By version: another value is another task definition"
  value       = local.references[local.slots[local.signing % 2]]
}

output "accepted" {
  description = "Values that are accepted besides, as `valueFrom`: none or one"
  value       = [for key in local.accepted : local.references[local.slots[key % 2]]]
}

output "arns" {
  description = "ARNs of both slots, for who may read them"
  value       = [for slot in local.slots : aws_secretsmanager_secret.main[slot].arn]
}

locals {
  references = { for slot in local.slots : slot => "${aws_secretsmanager_secret.main[slot].arn}:::${aws_secretsmanager_secret_version.main[slot].version_id}" }
}
