output "arn" {
  description = "ARN of the web ACL, to attach it to a load balancer"
  value       = aws_wafv2_web_acl.main.arn
}

output "name" {
  description = "Name of the web ACL: the WebACL dimension of its metrics"
  value       = aws_wafv2_web_acl.main.name
}

output "log_group_name" {
  description = "Log group that holds the decisions, without Authorization and Cookie headers"
  value       = aws_cloudwatch_log_group.decisions.name
}

output "maintenance" {
  description = "What `make maintenance` changes (a list of addresses), what ends it (a group of schedules and their role), and the metric of its rule"
  value = {
    ip_set_id      = aws_wafv2_ip_set.maintenance.id
    ip_set_name    = aws_wafv2_ip_set.maintenance.name
    schedule_group = aws_scheduler_schedule_group.maintenance.name
    role_arn       = aws_iam_role.maintenance.arn
    rule_metric    = "${var.name}-maintenance"
  }
}
