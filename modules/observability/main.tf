# Knowing when things go wrong. One file per way of knowing: objectives.tf (what users are promised), symptoms.tf (what
# breaks it), events.tf (tasks and deployments, and what else the logs know), prometheus.tf, dashboard.tf; topics.tf tells
# people, also of the cost.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  severities = toset(["page", "ticket"])

  # Metrics that only the logs know, under a namespace of this environment's own.
  namespace = "Movies/${var.name}"

  dashboard_url = format("https://%[1]s.console.%[2]s/cloudwatch/home?region=%[1]s#dashboards/dashboard/%[3]s", data.aws_region.current.name,
  lookup({ aws-cn = "amazonaws.cn", aws-us-gov = "amazonaws-us-gov.com" }, data.aws_partition.current.partition, "aws.amazon.com"), var.name)

  # What an alarm says: what it means to a user, how urgent it is, what to open, and where the on-call engineer reads on.
  describe = "%s Severity: %s. Dashboard: ${local.dashboard_url} Saved query: ${var.name}/%s. Runbook: ${var.runbook_url}#%s"
  # How far back the saved query is asked; what waits for the morning began longer ago.
  look_back = { page = "last hour", ticket = "last 12 hours" }
}
