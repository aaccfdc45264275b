module "cluster" {
  source  = "terraform-aws-modules/ecs/aws//modules/cluster"
  version = "5.12.1"

  cluster_name     = local.name
  cluster_settings = [{ name = "containerInsights", value = "enhanced" }]

  # Holds the sessions of ECS Exec, which no environment has.
  create_cloudwatch_log_group = false

  # What runs without a strategy of its own runs on capacity that stays.
  fargate_capacity_providers = {
    FARGATE      = { default_capacity_provider_strategy = { weight = 1 } }
    FARGATE_SPOT = {}
  }

  # Container Insights would make this group by itself, without key or end: it exists before the cluster and after it.
  depends_on = [aws_cloudwatch_log_group.container_insights]
}

module "service" {
  source  = "terraform-aws-modules/ecs/aws//modules/service"
  version = "5.12.1"

  name        = local.name
  cluster_arn = module.cluster.arn

  # The module would read the newest revision back and run it, whoever registered it.
  create_task_definition = false
  task_definition_arn    = aws_ecs_task_definition.main.arn

  # Else the provider deletes the service and makes it anew for each change of the capacity's shares: minutes of 503.
  force_new_deployment = true

  service_tags = { commit = var.commit }

  subnet_ids            = module.vpc.private_subnets
  assign_public_ip      = false
  create_security_group = false
  security_group_ids    = [aws_security_group.service.id]

  load_balancer = {
    api = {
      target_group_arn = module.alb.target_groups["api"].arn
      container_name   = module.api_container.container_definition.name
      container_port   = 8080
    }
  }
  health_check_grace_period_seconds = 60

  capacity_provider_strategy = { for provider, share in {
    FARGATE      = { capacity_provider = "FARGATE", base = var.capacity.fargate_base, weight = var.capacity.fargate_weight }
    FARGATE_SPOT = { capacity_provider = "FARGATE_SPOT", base = 0, weight = var.capacity.spot_weight }
  } : provider => share if share.base + share.weight > 0 }

  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  deployment_circuit_breaker         = { enable = true, rollback = true }
  alarms = {
    alarm_names = [for alarm in aws_cloudwatch_metric_alarm.deployment : alarm.alarm_name]
    enable      = true
    rollback    = true
  }

  propagate_tags = "SERVICE"

  # The count belongs to the autoscaler: it is set once and ignored from then on.
  desired_count            = var.scaling.min_tasks
  autoscaling_min_capacity = var.scaling.min_tasks
  autoscaling_max_capacity = var.scaling.max_tasks

  # Not on memory: more tasks don't lower the heap of each, and a policy that can't reach its target forbids scaling in.
  autoscaling_policies = {
    cpu = {
      policy_type = "TargetTrackingScaling"
      target_tracking_scaling_policy_configuration = {
        predefined_metric_specification = { predefined_metric_type = "ECSServiceAverageCPUUtilization" }
        target_value                    = var.scaling.cpu_percent
      }
    }
    requests = {
      policy_type = "TargetTrackingScaling"
      target_tracking_scaling_policy_configuration = {
        predefined_metric_specification = {
          predefined_metric_type = "ALBRequestCountPerTarget"
          resource_label         = "${module.alb.arn_suffix}/${module.alb.target_groups["api"].arn_suffix}"
        }
        target_value = var.scaling.requests_per_target
      }
    }
  }

  autoscaling_scheduled_actions = { for name, schedule in var.scaling.schedules : name => {
    schedule     = schedule.schedule
    timezone     = schedule.timezone
    min_capacity = schedule.min_tasks
    max_capacity = schedule.max_tasks
  } }

  # ECS refuses a target group that no listener uses yet, and nothing else here mentions the listeners.
  depends_on = [module.alb]
}

resource "aws_security_group" "service" {
  name        = "${local.name}-service"
  description = "Tasks of ${local.name}"
  vpc_id      = module.vpc.vpc_id

  tags = { Name = "${local.name}-service" }
}

resource "aws_vpc_security_group_ingress_rule" "service_from_alb" {
  security_group_id            = aws_security_group.service.id
  description                  = "Requests and health checks from the load balancer"
  referenced_security_group_id = aws_security_group.alb.id
  ip_protocol                  = "tcp"
  from_port                    = 8080
  to_port                      = 8080
}

resource "aws_vpc_security_group_egress_rule" "service_to_endpoints" {
  security_group_id            = aws_security_group.service.id
  description                  = "Image, logs and secrets by interface endpoints"
  referenced_security_group_id = aws_security_group.endpoints.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_egress_rule" "service_to_gateways" {
  for_each = toset(["s3", "dynamodb"])

  security_group_id = aws_security_group.service.id
  description       = "${each.key} by its gateway endpoint"
  prefix_list_id    = module.endpoints.endpoints[each.key].prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "service_to_issuer" {
  for_each = var.egress == "none" ? try(var.issuer_network.cidrs, []) : toset(["0.0.0.0/0"])

  security_group_id = aws_security_group.service.id
  description       = var.egress == "none" ? "Signing keys of the token issuer" : "Signing keys of the token issuer, metrics and traces, by NAT"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
