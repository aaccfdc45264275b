# Metrics of the tasks for Grafana, and the rules of prometheus/rules.yaml (derived from docs/slo.yaml) on them. Who is told
# of a burning budget is CloudWatch's business alone: two owners of a page would tell people twice.

resource "aws_prometheus_workspace" "main" {
  alias       = var.name
  kms_key_arn = var.kms_key_arn
}

resource "aws_prometheus_rule_group_namespace" "main" {
  name         = "slo"
  workspace_id = aws_prometheus_workspace.main.id
  data         = file("${path.module}/prometheus/rules.yaml")
}
