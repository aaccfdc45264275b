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

  # What an alarm says: what it means to a user, how urgent it is, and where the on-call engineer reads on.
  describe = "%s Severity: %s. Runbook: ${var.runbook_url}#%s"
}
