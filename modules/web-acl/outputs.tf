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
