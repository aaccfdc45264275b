output "topic_arns" {
  description = "SNS topic of each severity."
  value       = { for severity, topic in aws_sns_topic.main : severity => topic.arn }
}

output "alarm_names" {
  description = "Every alarm that tells somebody; what other alarms are made of is not among them."
  value = sort(concat(
    [for key, alarm in aws_cloudwatch_metric_alarm.symptom : alarm.alarm_name if !can(local.symptoms[key].quiet)],
    [for alarm in aws_cloudwatch_composite_alarm.unless_maintenance : alarm.alarm_name],
    [for alarm in aws_cloudwatch_composite_alarm.burn : alarm.alarm_name],
  ))
}

output "dashboard_name" {
  description = "The CloudWatch dashboard of this environment."
  value       = aws_cloudwatch_dashboard.main.dashboard_name
}

output "prometheus_workspace" {
  description = "Workspace that the collector writes metrics to: its ARN and the remote-write URL."
  value = {
    arn              = aws_prometheus_workspace.main.arn
    remote_write_url = "${aws_prometheus_workspace.main.prometheus_endpoint}api/v1/remote_write"
  }
}

output "read_on" {
  description = "What the text of an alarm ends with, as a format of a runbook's paragraph."
  value       = "Dashboard: ${local.dashboard_url} Saved query: ${var.name}/Tasks and deployments, ${local.look_back.page}. Runbook: ${var.runbook_url}#%s"
}

output "fast_burn_alarm_arns" {
  description = "The alarm of each objective on the shortest window of its pages, what stops an experiment. They are metric alarms: FIS is documented for no other kind."
  value = [
    for key in sort(keys(local.windows)) : aws_cloudwatch_metric_alarm.window[key].arn
    if local.windows[key].severity == "page" && local.windows[key].period == min([for window in values(local.windows) : window.period if window.severity == "page"]...)
  ]
}
