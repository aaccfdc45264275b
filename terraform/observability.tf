resource "aws_cloudwatch_log_group" "api" {
  name              = "/${local.name}/api"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.main.arn
}

resource "aws_cloudwatch_log_group" "collector" {
  name              = "/${local.name}/collector"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.main.arn
}

resource "aws_cloudwatch_log_group" "container_insights" {
  name              = "/aws/ecs/containerinsights/${local.name}/performance"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.main.arn
}

# What stops a deployment and brings the last good version back. Quick on purpose: it compares minutes, not days.
resource "aws_cloudwatch_metric_alarm" "deployment" {
  for_each = {
    target-errors = {
      description = "The tasks answered 5xx more than ten times in a minute, twice running."
      metric      = "HTTPCode_Target_5XX_Count"
      statistic   = "Sum"
      threshold   = 10
    }
    unhealthy-targets = {
      description = "A task failed its health checks for two minutes."
      metric      = "UnHealthyHostCount"
      statistic   = "Minimum"
      threshold   = 0
    }
  }

  alarm_name          = "${local.name}-deployment-${each.key}"
  alarm_description   = "${each.value.description} During a deployment it brings the version before back. ${format(module.observability.read_on, "deployment-rolled-back")}"
  namespace           = "AWS/ApplicationELB"
  metric_name         = each.value.metric
  statistic           = each.value.statistic
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  period              = 60
  evaluation_periods  = 2
  # Load balancing reports errors only when there are any.
  treat_missing_data = "notBreaching"

  dimensions = {
    LoadBalancer = module.alb.arn_suffix
    TargetGroup  = module.alb.target_groups["api"].arn_suffix
  }
}

# Objectives, alarms, dashboard: what is promised to users is written in docs/slo.yaml and nowhere else.
module "observability" {
  source = "../modules/observability"

  name = local.name
  slo  = yamldecode(file("${path.root}/../docs/slo.yaml"))

  load_balancer = {
    arn_suffix              = module.alb.arn_suffix
    target_group_arn_suffix = module.alb.target_groups["api"].arn_suffix
  }
  service = {
    cluster_name   = module.cluster.name
    service_name   = module.service.name
    maximum_tasks  = max(var.scaling.max_tasks, [for schedule in var.scaling.schedules : schedule.max_tasks]...)
    log_group_name = aws_cloudwatch_log_group.api.name
  }
  # With fewer tasks than zones, one zone is empty by design.
  zones         = toset(var.scaling.min_tasks < length(local.zones) ? [] : local.zones)
  table         = { name = module.movies_table.table_name, indexes = toset(local.table.globalSecondaryIndexes[*].name) }
  web_acl_name  = local.name
  rule_versions = var.waf.rule_versions
  maintenance   = { rule_metric = module.web_acl.maintenance.rule_metric, schedule_group = module.web_acl.maintenance.schedule_group }
  outside       = one([for group in aws_cloudwatch_log_group.outside : { log_group_name = group.name }])
  backup_vault  = module.movies_table.backup_vault_name
  restore_role  = module.movies_table.restore_role_name
  certificate = var.domain_name == null ? null : {
    arn = var.certificate_arn == null ? one([for certificate in aws_acm_certificate.main : certificate.arn]) : var.certificate_arn
  }

  # Of the main branch: an address with the commit in it would change every alarm at each release.
  runbook_url        = coalesce(var.runbook_url, "https://bitbucket.org/${var.repository}/src/main/docs/runbook.md")
  subscriptions      = var.subscriptions
  log_retention_days = var.log_retention_days
  kms_key_arn        = aws_kms_key.main.arn
  monthly_budget_usd = var.monthly_budget_usd
  cost_tag           = { key = "deployment", value = local.name }

  permissions_boundary_arn = var.permissions_boundary_arn
}
