output "backend_config" {
  description = "What `terraform init` of the service root needs as -backend-config: bucket, region and key."
  value = {
    bucket     = aws_s3_bucket.state.bucket
    region     = var.region
    kms_key_id = aws_kms_key.main["state"].arn
  }
}

output "own_backend" {
  description = "Text of backend.tf, with which this root's own state moves into the bucket."
  value       = <<-EOT
    terraform {
      backend "s3" {
        bucket       = "${aws_s3_bucket.state.bucket}"
        key          = "bootstrap/terraform.tfstate"
        region       = "${var.region}"
        encrypt      = true
        kms_key_id   = "${aws_kms_key.main["state"].arn}"
        use_lockfile = true
      }
    }
  EOT
}

output "repository_url" {
  description = "Where images are pushed: as candidate-<commit>, and as deployed-<environment>-<commit> before a deployment."
  value       = aws_ecr_repository.service.repository_url
}

output "signing_key" {
  description = "The key that signs images, as cosign names it."
  value       = "awskms:///${aws_kms_alias.main["signing"].arn}"
}

output "workload_boundary_arns" {
  description = "Boundary that each role of the service root must have where a pipeline applies it, by environment."
  value       = { for environment, policy in aws_iam_policy.workload_boundary : environment => policy.arn }
}

output "restorer_policy_arns" {
  description = "Policy for a person who restores the table, by environment; attach it to whoever is on call."
  value       = { for environment, policy in aws_iam_policy.restorer : environment => policy.arn }
}

output "build_role_arn" {
  description = "Role of the pipeline's build step; null without a pipeline."
  value       = one([for role in aws_iam_role.build : role.arn])
}

output "plan_role_arns" {
  description = "Role of the pipeline's plan steps, by environment."
  value       = { for environment in keys(local.environments) : environment => aws_iam_role.deploy["${environment}-plan"].arn }
}

output "apply_role_arns" {
  description = "Role of the pipeline's apply step, by environment."
  value       = { for environment in keys(local.environments) : environment => aws_iam_role.deploy["${environment}-apply"].arn }
}
