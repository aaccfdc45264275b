# The task: one definition, made here and nowhere else.

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
  # A Spot interruption sends SIGTERM before the balancer knows: two failed checks (20 s) pass before the listener closes
  # (DRAIN_DELAY_MS), then the longest answers end, then the process (SHUTDOWN_TIMEOUT_MS). Spot grants 120 s.
  stop_timeout = 90

  environment = [for name, value in merge(
    {
      NODE_ENV = "production"
      # V8 would take the first from the task's memory, too: 1 MB in 512 MB, where every request pays for collections.
      NODE_OPTIONS          = "--max-semi-space-size=8 --max-old-space-size=${floor(var.task_size.memory * 5 / 8)}"
      PORT                  = "8080"
      METRICS_PORT          = "9464"
      REGION                = var.region
      TABLE_NAME            = module.movies_table.table_name
      OIDC_ISSUER           = var.oidc == null ? one([for access in module.api_access : access.issuer]) : var.oidc.issuer
      OIDC_AUDIENCE         = join(",", var.oidc == null ? one([for access in module.api_access : access.audience]) : var.oidc.audience)
      DRAIN_DELAY_MS        = "30000"
      SHUTDOWN_TIMEOUT_MS   = "80000"
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

# Takes traces from the service and scrapes its metrics, inside the task; the task goes on without it. Its image is a copy
# in the service's own repository: a task that starts must not wait for somebody else's registry.
locals {
  collector = jsondecode(file("${path.root}/../app/collector/image.json"))
}

module "collector_container" {
  source  = "terraform-aws-modules/ecs/aws//modules/container-definition"
  version = "5.12.1"

  name      = "collector"
  image     = coalesce(var.collector_image, "${split("@", var.image)[0]}@${local.collector.digest}")
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

  # The module knows no restart policy: once killed for its memory, the collector would be gone for the task's life.
  container_definitions = jsonencode([
    module.api_container.container_definition,
    merge(module.collector_container.container_definition, { restartPolicy = { enabled = true, restartAttemptPeriod = 60 } }),
  ])

  tags = { commit = var.commit }

  runtime_platform {
    cpu_architecture        = var.architecture
    operating_system_family = "LINUX"
  }

  lifecycle {
    create_before_destroy = true
  }

  # It may name another table than the one before: what lets its tasks read that is there first.
  depends_on = [aws_iam_role_policy.task, module.endpoints]
}
