# The same rules that the local Prometheus evaluates (prometheus/rules.yaml, derived from docs/slo.yaml), on the metrics
# that the collector beside each task writes here.

resource "aws_prometheus_workspace" "main" {
  alias       = var.name
  kms_key_arn = aws_kms_key.main.arn
}

resource "aws_prometheus_rule_group_namespace" "main" {
  name         = "slo"
  workspace_id = aws_prometheus_workspace.main.id
  data         = file("${path.module}/prometheus/rules.yaml")
}

# Managed Prometheus can only tell SNS.
resource "aws_prometheus_alert_manager_definition" "main" {
  workspace_id = aws_prometheus_workspace.main.id

  definition = yamlencode({
    alertmanager_config = yamlencode({
      route = {
        receiver = "ticket"
        group_by = ["alertname"]
        routes   = [for severity in local.severities : { receiver = severity, matchers = ["severity = ${severity}"] }]
      }
      receivers = [for severity in local.severities : {
        name = severity
        sns_configs = [{
          topic_arn = aws_sns_topic.main[severity].arn
          sigv4     = { region = data.aws_region.current.name }
          subject   = "${var.name} ${severity}"
        }]
      }]
    })
  })
}
