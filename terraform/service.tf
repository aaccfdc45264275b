module "cluster" {
  source  = "terraform-aws-modules/ecs/aws//modules/cluster"
  version = "5.12.1"

  cluster_name     = local.name
  cluster_settings = [{ name = "containerInsights", value = "enhanced" }]

  # Holds the sessions of ECS Exec, which no environment has (docs/adr/0042).
  create_cloudwatch_log_group = false

  fargate_capacity_providers = {
    FARGATE      = {}
    FARGATE_SPOT = {}
  }
}

# ---- The task: one definition, made here and nowhere else ----

module "api_container" {
  source  = "terraform-aws-modules/ecs/aws//modules/container-definition"
  version = "5.12.1"

  name      = "api"
  image     = var.image
  essential = true

  user                     = "65532:65532"
  readonly_root_filesystem = true
  linux_parameters         = { initProcessEnabled = true, capabilities = { add = [], drop = ["ALL"] } }

  port_mappings = [{ name = "http", containerPort = 8080, hostPort = 8080, protocol = "tcp" }]
  health_check  = { command = ["CMD", "node", "/app/health-check.js"], interval = 10, timeout = 5, retries = 3, startPeriod = 15 }
  # The drain (5 s) and the longest answer (10 s) fit twice; FARGATE_SPOT grants up to 120 s.
  stop_timeout = 30

  environment = [for name, value in merge(
    {
      NODE_ENV = "production"
      # V8 would take the first from the task's memory, too: 1 MB in 512 MB, where every request pays for collections.
      NODE_OPTIONS = "--max-semi-space-size=16 --max-old-space-size=${floor(var.task_size.memory * 5 / 8)}"
      # What compiling took is given back: threads with arenas of their own keep it.
      MALLOC_ARENA_MAX      = "1"
      PORT                  = "8080"
      METRICS_PORT          = "9464"
      REGION                = var.region
      TABLE_NAME            = module.movies_table.table_name
      OIDC_ISSUER           = var.oidc == null ? one([for access in module.api_access : access.issuer]) : var.oidc.issuer
      OIDC_AUDIENCE         = join(",", var.oidc == null ? one([for access in module.api_access : access.audience]) : var.oidc.audience)
      DRAIN_DELAY_MS        = "5000"
      LOG_LEVEL             = var.log_level
      AWS_XRAY_TRACING_NAME = local.name
      TRACE_SAMPLE_RATE     = tostring(var.trace_sample_rate)
      # The collector beside it: containers of a task share their loopback.
      OTEL_EXPORTER_OTLP_ENDPOINT = "http://127.0.0.1:4318"
    },
    { for access in module.api_access : "OIDC_SWAGGER_CLIENT_ID" => access.swagger_client_id },
    { for id in compact([try(var.oidc.swagger_client_id, null)]) : "OIDC_SWAGGER_CLIENT_ID" => id },
    { for uri in compact([try(var.oidc.jwks_uri, null)]) : "OIDC_JWKS_URI" => uri },
  ) : { name = name, value = value }]

  # By version: a new key is a new task definition, so it reaches every task by a rolling deployment.
  secrets = concat(
    [{ name = "CURSOR_SECRETS", valueFrom = module.cursor_keys.signing }],
    [for accepted in module.cursor_keys.accepted : { name = "CURSOR_SECRETS_ACCEPTED", valueFrom = accepted }],
  )

  create_cloudwatch_log_group = false
  log_configuration = {
    logDriver = "awslogs"
    options = {
      awslogs-group         = aws_cloudwatch_log_group.api.name
      awslogs-region        = var.region
      awslogs-stream-prefix = "ecs"
      # A slow log must not stop requests; 25 MB of lines wait in memory, then the oldest go.
      mode            = "non-blocking"
      max-buffer-size = "25m"
    }
  }
}

# Takes traces from the service and scrapes its metrics, inside the task; the task goes on without it (docs/adr/0112).
module "collector_container" {
  source  = "terraform-aws-modules/ecs/aws//modules/container-definition"
  version = "5.12.1"

  name      = "collector"
  image     = var.collector_image
  essential = false

  # Its share where the CPU is contended, and what it may take of the task's memory before it alone is killed.
  cpu    = 32
  memory = 160

  user                     = "65532:65532"
  readonly_root_filesystem = true
  linux_parameters         = { initProcessEnabled = true, capabilities = { add = [], drop = ["ALL"] } }
  stop_timeout             = 30

  environment = [for name, value in {
    AOT_CONFIG_CONTENT          = file("${path.root}/../app/collector/config.yaml")
    GOMEMLIMIT                  = "120MiB"
    REGION                      = var.region
    PROMETHEUS_REMOTE_WRITE_URL = module.observability.prometheus_workspace.remote_write_url
  } : { name = name, value = value }]

  create_cloudwatch_log_group = false
  log_configuration = {
    logDriver = "awslogs"
    options = {
      awslogs-group         = aws_cloudwatch_log_group.collector.name
      awslogs-region        = var.region
      awslogs-stream-prefix = "ecs"
      mode                  = "non-blocking"
      max-buffer-size       = "4m"
    }
  }
}

resource "aws_ecs_task_definition" "main" {
  family                   = local.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.task_size.cpu
  memory                   = var.task_size.memory
  task_role_arn            = aws_iam_role.task.arn
  execution_role_arn       = aws_iam_role.execution.arn
  container_definitions    = jsonencode([module.api_container.container_definition, module.collector_container.container_definition])

  runtime_platform {
    cpu_architecture        = var.architecture
    operating_system_family = "LINUX"
  }

  lifecycle {
    create_before_destroy = true
  }
}

# ---- The service ----

module "service" {
  source  = "terraform-aws-modules/ecs/aws//modules/service"
  version = "5.12.1"

  name        = local.name
  cluster_arn = module.cluster.arn

  # The module would read the newest revision back and run it, whoever registered it (docs/adr/0041).
  create_task_definition = false
  task_definition_arn    = aws_ecs_task_definition.main.arn
  force_new_deployment   = false

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

  autoscaling_policies = {
    cpu = {
      policy_type = "TargetTrackingScaling"
      target_tracking_scaling_policy_configuration = {
        predefined_metric_specification = { predefined_metric_type = "ECSServiceAverageCPUUtilization" }
        target_value                    = var.scaling.cpu_percent
      }
    }
    memory = {
      policy_type = "TargetTrackingScaling"
      target_tracking_scaling_policy_configuration = {
        predefined_metric_specification = { predefined_metric_type = "ECSServiceAverageMemoryUtilization" }
        target_value                    = var.scaling.memory_percent
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
  for_each = toset(var.egress == "none" ? [] : ["internet"])

  security_group_id = aws_security_group.service.id
  description       = "Signing keys of the token issuer, metrics and traces, by NAT"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

# ---- Roles: what the code does, and what starting it takes ----

data "aws_iam_policy_document" "tasks_assume" {
  statement {
    sid     = "TasksOfThisAccount"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${data.aws_partition.current.partition}:ecs:${var.region}:${data.aws_caller_identity.current.account_id}:*"]
    }
  }
}

resource "aws_iam_role" "task" {
  name                 = "${local.name}-task"
  description          = "What the service may do"
  assume_role_policy   = data.aws_iam_policy_document.tasks_assume.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "task" {
  name   = "movies-table"
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.task.json
}

data "aws_iam_policy_document" "task" {
  statement {
    sid       = "MoviesInTable"
    actions   = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan"]
    resources = [module.movies_table.table_arn]
  }

  statement {
    sid       = "MoviesByIndex"
    actions   = ["dynamodb:Query"]
    resources = ["${module.movies_table.table_arn}/index/*"]
  }

  statement {
    sid       = "TableKeyThroughDynamoDb"
    actions   = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
    resources = [module.movies_table.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["dynamodb.${var.region}.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "telemetry" {
  name   = "telemetry"
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.telemetry.json
}

# What the collector does; containers of a task share its role.
data "aws_iam_policy_document" "telemetry" {
  statement {
    sid       = "WriteMetrics"
    actions   = ["aps:RemoteWrite"]
    resources = [module.observability.prometheus_workspace.arn]
  }

  # Has no resource to narrow it to.
  statement {
    sid       = "SendTraces"
    actions   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    resources = ["*"]
  }
}

resource "aws_iam_role" "execution" {
  name                 = "${local.name}-execution"
  description          = "What starting a task takes: its image, its log, its secrets"
  assume_role_policy   = data.aws_iam_policy_document.tasks_assume.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "execution" {
  name   = "start"
  role   = aws_iam_role.execution.id
  policy = data.aws_iam_policy_document.execution.json
}

data "aws_iam_policy_document" "execution" {
  # Has no resource to narrow it to.
  statement {
    sid       = "SignInToRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid     = "PullTheseRepositories"
    actions = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = [for image in [var.image, var.collector_image] :
      format("arn:%s:ecr:%s:%s:repository/%s", data.aws_partition.current.partition, split(".", image)[3], split(".", image)[0], regex("^[^/]+/([^@]+)@", image)[0])
      if !startswith(image, "public.ecr.aws/")
    ]
  }

  statement {
    sid       = "WriteOwnLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.api.arn}:*", "${aws_cloudwatch_log_group.collector.arn}:*"]
  }

  statement {
    sid       = "ReadCursorKeys"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = module.cursor_keys.arns
  }

  statement {
    sid       = "KeyThroughSecretsManager"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.main.arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["secretsmanager.${var.region}.amazonaws.com"]
    }
  }
}
