output "url" {
  description = "Where the service answers"
  value       = var.domain_name == null ? "http://${module.alb.dns_name}" : "https://${var.domain_name}"
}

output "region" {
  description = "Region of the deployment"
  value       = var.region
}

output "image" {
  description = "Image that is meant to run; the probes compare what runs with it"
  value       = var.image
}

output "cursor_key_stage" {
  description = "How far the keys that sign page cursors were rotated; the next plan begins with it"
  value       = var.cursor_key_stage

  # A stage is reached when the service was told of it: an apply that failed before leaves the number alone.
  depends_on = [module.service]
}

output "container_definitions" {
  description = "Containers of the task as defined here: readable in a plan, where the task definition's JSON is not"
  value = [
    module.api_container.container_definition,
    merge(module.collector_container.container_definition, { restartPolicy = { enabled = true, restartAttemptPeriod = 60 } }),
  ]
}

output "cluster_name" {
  description = "ECS cluster"
  value       = module.cluster.name
}

output "service_name" {
  description = "ECS service"
  value       = module.service.name
}

output "task_definition_arn" {
  description = "Revision of the task definition that is meant to run"
  value       = aws_ecs_task_definition.main.arn
}

output "load_balancer_arn" {
  description = "Load balancer, for its listeners and attributes"
  value       = module.alb.arn
}

output "target_group_arn" {
  description = "Target group of the service, for the health of its targets"
  value       = module.alb.target_groups["api"].arn
}

output "web_acl_arn" {
  description = "Web ACL that is attached to the load balancer"
  value       = module.web_acl.arn
}

output "maintenance" {
  description = "What `make maintenance` turns on and off, and what ends it"
  value       = module.web_acl.maintenance
}

output "tables" {
  description = "Tables restored beside the first one, and the one that serves; the next plan begins with it"

  # Written down whatever else fails: a plan that forgot an imported table would delete it.
  value = var.tables
}

output "table_name" {
  description = "DynamoDB table that serves"
  value       = module.movies_table.table_name
}

output "restore_role_arn" {
  description = "Role by which AWS Backup restores a backup of the table; null without backups"
  value       = module.movies_table.restore_role_arn
}

output "log_group_name" {
  description = "Log of the service"
  value       = aws_cloudwatch_log_group.api.name
}

output "alarm_names" {
  description = "Alarms that tell somebody: all exist, are enabled, and are quiet after a good deployment"
  value       = module.observability.alarm_names
}

output "topic_arns" {
  description = "SNS topic of each severity, for subscriptions of your own"
  value       = module.observability.topic_arns
}

output "dashboard_name" {
  description = "CloudWatch dashboard"
  value       = module.observability.dashboard_name
}

output "prometheus_workspace" {
  description = "Managed Prometheus workspace: its ARN and where metrics are written"
  value       = module.observability.prometheus_workspace
}

output "deployment_alarm_names" {
  description = "Alarms that bring the last good version back during a deployment"
  value       = [for alarm in aws_cloudwatch_metric_alarm.deployment : alarm.alarm_name]
}

output "oidc_issuer" {
  description = "Issuer whose tokens are accepted"
  value       = var.oidc == null ? one([for access in module.api_access : access.issuer]) : var.oidc.issuer
}

output "token_endpoint" {
  description = "Where a program gets its token; null with an issuer of your own"
  value       = one([for access in module.api_access : access.token_endpoint])
}

output "user_pool_arn" {
  description = "Cognito user pool; null with an issuer of your own"
  value       = one([for access in module.api_access : access.user_pool_arn])
}

output "machine_client_id" {
  description = "Client of programs (its secret: aws cognito-idp describe-user-pool-client); null with an issuer of your own"
  value       = one([for access in module.api_access : access.machine_client_id])
}
