import { readFileSync } from 'node:fs';
import { planBootstrap } from '../../../tools/checks/roles/documents.ts';
import { environments, type Environment } from '../../../tools/checks/plans/inputs.ts';
import { denormalise, type Recording } from '../../../tools/checks/plans/recording.ts';
import {
  isList,
  isObject,
  type Expression,
  type ModuleConfiguration,
  type PlanJson,
  unknown,
  type Value,
} from '../../../tools/lib/terraform/plan-json.ts';
import { Plan } from '../../../tools/lib/terraform/plan.ts';
import { referencesAt, sourcesOf, sourcesOfOutput } from '../../../tools/lib/terraform/references.ts';
import { describeWith } from '../../support/requirements.ts';
import { awsProvider, terraform } from '../../support/terraform.ts';

/**
 * What each attribute of each type of resource may be, whichever resource has it and whoever wrote it: a module's default, too.
 * A type, or one resource of it, with how many dev, staging, prod and bootstrap have; then `attribute = value | value`, with `(prod)` where only
 * that environment may have it, `1..5` for a range, `@type.name` for what it is made from, `?` where not each resource has it.
 * Nothing stands for "anything": a new type, attribute or value must be entered, by somebody who asks what it does.
 */
const table = `
aws_acm_certificate 0 1 1
  domain_name = movies.staging.example.com (staging) | movies.example.com (prod); validation_method = DNS; subject_alternative_names = movies.staging.example.com (staging) | movies.example.com (prod)
aws_acm_certificate_validation 0 1 1
  certificate_arn = @aws_acm_certificate.main; validation_record_fqdns = @aws_route53_record.validation | @aws_acm_certificate.main
aws_appautoscaling_policy 2 2 2
  name = cpu | requests; policy_type = TargetTrackingScaling; resource_id = @aws_appautoscaling_target.this; scalable_dimension = ecs:service:DesiredCount
  service_namespace = ecs; target_tracking_scaling_policy_configuration.predefined_metric_specification.predefined_metric_type? = ECSServiceAverageCPUUtilization
  target_tracking_scaling_policy_configuration.scale_in_cooldown? = 300; target_tracking_scaling_policy_configuration.scale_out_cooldown? = 60
  target_tracking_scaling_policy_configuration.target_value? = 50..70
aws_appautoscaling_target 1 1 1
  max_capacity = 2..6 (dev) | 4..8 (staging) | 9..24 (prod); min_capacity = 2..3 (dev staging) | 3..6 (prod)
  resource_id = @aws_ecs_service.this | @aws_ecs_service.ignore_task_definition; scalable_dimension = ecs:service:DesiredCount; service_namespace = ecs
aws_backup_plan 0 0 1
  rule.completion_window = 180; rule.lifecycle.delete_after = 35..365; rule.rule_name = scheduled; rule.schedule = cron(0 3 * * ? *)
  rule.schedule_expression_timezone = Etc/UTC; rule.start_window = 60
aws_backup_restore_testing_plan 0 0 1
  recovery_point_selection.algorithm = LATEST_WITHIN_WINDOW; recovery_point_selection.include_vaults = @aws_backup_vault.main
  recovery_point_selection.recovery_point_types = SNAPSHOT; recovery_point_selection.selection_window_days = 7; schedule_expression = cron(0 6 ? * SUN *)
aws_backup_restore_testing_selection 0 0 1
  iam_role_arn = @aws_iam_role.restore; name = table; protected_resource_arns = @aws_dynamodb_table.main; protected_resource_type = DynamoDB; validation_window_hours = 1
aws_backup_selection 0 0 1
  iam_role_arn = @aws_iam_role.backup; plan_id = @aws_backup_plan.main; resources = @aws_dynamodb_table.main
aws_backup_vault 0 0 1
  kms_key_arn = @aws_kms_key.backup
aws_backup_vault_lock_configuration 0 0 1
  changeable_for_days = 3; max_retention_days = 365; min_retention_days = 7
aws_budgets_budget 1 1 1
  budget_type = COST; cost_filter.name = TagKeyValue; cost_filter.values = user:deployment$NAME; limit_amount = 165..300 (dev) | 200..400 (staging) | 450..1000 (prod)
  limit_unit = USD; notification.comparison_operator = GREATER_THAN; notification.notification_type = ACTUAL | FORECASTED; notification.threshold = 100 | 80
  notification.threshold_type = PERCENTAGE; time_unit = MONTHLY
aws_cloudwatch_composite_alarm.burn 8 8 8
  actions_enabled = true; alarm_actions = @aws_sns_topic.main; ok_actions = @aws_sns_topic.main
aws_cloudwatch_composite_alarm.unless_maintenance 2 2 3
  actions_enabled = true; actions_suppressor.alarm = NAME-maintenance; actions_suppressor.extension_period = 900; actions_suppressor.wait_period = 120
  alarm_actions = @aws_sns_topic.main | @aws_cloudwatch_metric_alarm.symptom | @aws_cloudwatch_metric_alarm.blocked_requests
  ok_actions = @aws_sns_topic.main | @aws_cloudwatch_metric_alarm.symptom | @aws_cloudwatch_metric_alarm.blocked_requests
aws_cloudwatch_dashboard 1 1 1
  dashboard_body = @aws_region.current | @aws_cloudwatch_log_group.events
aws_cloudwatch_event_rule 4 4 6
  schedule_expression? = rate(1 minute) (prod)
aws_cloudwatch_event_target 4 4 6
  arn = @aws_sns_topic.main | @aws_cloudwatch_log_group.events | @aws_lambda_function.outside (prod); role_arn? = @aws_iam_role.events
aws_cloudwatch_log_group 6 6 7
  kms_key_id = @aws_kms_key.main; retention_in_days = 30 (dev) | 90 (staging) | 400 (prod)
aws_cloudwatch_log_metric_filter 12 12 13
  metric_transformation.namespace = Movies/NAME; metric_transformation.default_value = 0; metric_transformation.unit = Count; metric_transformation.value = 1
aws_cloudwatch_log_resource_policy 1 1 1
  policy_document = @aws_iam_policy_document.events
aws_cloudwatch_metric_alarm.blocked_requests 1 1 1
  actions_enabled = true; comparison_operator = GreaterThanUpperThreshold; evaluation_periods = 3; metric_query.metric.namespace = AWS/WAFV2
  metric_query.metric.period = 300; metric_query.metric.stat = Sum; metric_query.return_data = true; threshold_metric_id = usual; treat_missing_data = notBreaching
aws_cloudwatch_metric_alarm.deployment 2 2 2
  dimensions = @aws_lb_target_group.this | @aws_lb.this
  actions_enabled = true; comparison_operator = GreaterThanThreshold; evaluation_periods = 2; namespace = AWS/ApplicationELB; period = 60; statistic = Sum | Minimum
  threshold = 10 | 0; treat_missing_data = notBreaching
aws_cloudwatch_metric_alarm.symptom 18 19 24
  actions_enabled = true; alarm_actions? = @aws_sns_topic.main; comparison_operator = GreaterThanOrEqualToThreshold | LessThanThreshold
  datapoints_to_alarm = 3 | 1 | 10 | 5 | 15 | 2 (prod); evaluation_periods = 4 | 1 | 10 | 3 | 5 | 15 | 6 | 2 (prod)
  metric_query.metric.namespace = AWS/ApplicationELB | AWS/Events | ECS/ContainerInsights | Movies/NAME | AWS/Logs | AWS/Scheduler | AWS/WAFV2 | AWS/ECS | AWS/DynamoDB | AWS/CertificateManager (staging prod) | AWS/Backup (prod)
  metric_query.metric.period = 60 | 300 | 900 | 86400 (staging prod) | 3600 (prod); metric_query.metric.stat = Sum | Maximum | Minimum | p99
  metric_query.return_data = false | true; ok_actions? = @aws_sns_topic.main; threshold = 1 | 3..6 | 10 | 12 | 30 | 80..85
  treat_missing_data = notBreaching | breaching | ignore (staging prod)
aws_cloudwatch_metric_alarm.window 32 32 32
  actions_enabled = true; comparison_operator = GreaterThanOrEqualToThreshold; evaluation_periods = 1; metric_query.metric.namespace = Movies/NAME
  metric_query.metric.period = 3600 | 1800 | 300 | 21600 | 86400 | 7200 | 259200; metric_query.metric.stat = Sum; metric_query.return_data = false | true
  threshold = 14.4 | 6 | 3 | 1; treat_missing_data = notBreaching
aws_cloudwatch_query_definition 7 7 8
aws_cognito_resource_server 1 1 1
  name = Movies API; identifier = movies; scope.scope_name = write | read; user_pool_id = @aws_cognito_user_pool.main
aws_cognito_user_pool 1 1 1
  account_recovery_setting.recovery_mechanism.name = verified_email
  admin_create_user_config.allow_admin_create_user_only = true; auto_verified_attributes = email; deletion_protection = INACTIVE (dev staging) | ACTIVE (prod)
  mfa_configuration = OPTIONAL (dev staging) | ON (prod); password_policy.minimum_length = 14; password_policy.password_history_size = 12
  password_policy.require_lowercase = true; password_policy.require_numbers = true; password_policy.require_symbols = true; password_policy.require_uppercase = true
  password_policy.temporary_password_validity_days = 1; software_token_mfa_configuration.enabled = true
  user_attribute_update_settings.attributes_require_verification_before_update = email; user_pool_add_ons.advanced_security_mode = OFF (dev staging) | ENFORCED (prod)
  user_pool_tier = ESSENTIALS (dev staging) | PLUS (prod); username_attributes = email
aws_cognito_user_pool_client 1 1 2
  access_token_validity = 15; allowed_oauth_flows = client_credentials; allowed_oauth_flows_user_pool_client = true
  allowed_oauth_scopes = movies/read,movies/write | movies/read (prod); enable_token_revocation = true; explicit_auth_flows = ALLOW_REFRESH_TOKEN_AUTH
  generate_secret = true; prevent_user_existence_errors = ENABLED; token_validity_units.access_token = minutes; token_validity_units.id_token = hours
  token_validity_units.refresh_token = days; user_pool_id = @aws_cognito_user_pool.main
aws_cognito_user_pool_client.swagger 1 1 1
  access_token_validity = 15; allowed_oauth_flows = code; allowed_oauth_flows_user_pool_client = true; allowed_oauth_scopes = movies/read,movies/write,openid
  callback_urls = http://localhost:8080/api/docs/oauth2-redirect.html (dev) | http://localhost:8080/api/docs/oauth2-redirect.html,https://movies.staging.example.com/api/docs/oauth2-redirect.html (staging) | https://movies.example.com/api/docs/oauth2-redirect.html (prod)
  enable_token_revocation = true; explicit_auth_flows = ALLOW_REFRESH_TOKEN_AUTH; id_token_validity = 15; prevent_user_existence_errors = ENABLED
  refresh_token_validity = 8; supported_identity_providers = COGNITO; token_validity_units.access_token = minutes; token_validity_units.id_token = minutes
  token_validity_units.refresh_token = hours; user_pool_id = @aws_cognito_user_pool.main
aws_cognito_user_pool_domain 1 1 1
  user_pool_id = @aws_cognito_user_pool.main
aws_default_network_acl 1 1 1
aws_default_route_table 1 1 1
aws_default_security_group 1 1 1
  vpc_id = @aws_vpc.this
aws_dynamodb_table 1 1 1
  attribute.name = rating | title | year; attribute.type = N | S; billing_mode = PAY_PER_REQUEST; deletion_protection_enabled = false (dev staging) | true (prod)
  global_secondary_index.hash_key = title | year; global_secondary_index.name = title-year | year-rating; global_secondary_index.projection_type = ALL
  global_secondary_index.range_key = year | rating; hash_key = year; point_in_time_recovery.enabled = true; point_in_time_recovery.recovery_period_in_days = 35
  range_key = title; server_side_encryption.enabled = true; server_side_encryption.kms_key_arn = @aws_kms_key.table
aws_ecs_cluster 1 1 1
  setting.name = containerInsights; setting.value = enhanced
aws_ecs_cluster_capacity_providers 1 1 1
  capacity_providers = FARGATE,FARGATE_SPOT; default_capacity_provider_strategy.base = 0; default_capacity_provider_strategy.capacity_provider = FARGATE | FARGATE_SPOT
  default_capacity_provider_strategy.weight = 1 | 0
aws_ecs_service 1 1 1
  alarms.enable = true; alarms.rollback = true; availability_zone_rebalancing = DISABLED; capacity_provider_strategy.base = 0 | 1 (staging) | 3 (prod)
  capacity_provider_strategy.capacity_provider = FARGATE_SPOT | FARGATE (staging prod); capacity_provider_strategy.weight = 1 | 3 (staging)
  cluster = @aws_ecs_cluster.this; deployment_circuit_breaker.enable = true; deployment_circuit_breaker.rollback = true; deployment_maximum_percent = 200
  deployment_minimum_healthy_percent = 100; desired_count = 2..3 (dev staging) | 3..6 (prod); enable_ecs_managed_tags = true; force_new_deployment = true
  health_check_grace_period_seconds = 60; load_balancer.container_name = api; load_balancer.container_port = 8080; propagate_tags = SERVICE; scheduling_strategy = REPLICA
aws_ecs_task_definition 1 1 1
  cpu = 256 (dev) | 512 (staging prod); execution_role_arn = @aws_iam_role.execution; memory = 512 (dev) | 1024 (staging prod); network_mode = awsvpc
  requires_compatibilities = FARGATE; runtime_platform.cpu_architecture = X86_64; runtime_platform.operating_system_family = LINUX; task_role_arn = @aws_iam_role.task
aws_ecr_lifecycle_policy 0 0 0 1
aws_ecr_repository 0 0 0 1
  image_tag_mutability = IMMUTABLE; image_scanning_configuration.scan_on_push = true; encryption_configuration.encryption_type = KMS
  encryption_configuration.kms_key = @
aws_ecr_repository_policy 0 0 0 1
aws_iam_openid_connect_provider 0 0 0 1
  url = https://api.bitbucket.org/2.0/workspaces/movies/pipelines-config/identity/oidc
  client_id_list = ari:cloud:bitbucket::workspace/10000000-0000-4000-8000-000000000000
aws_eip 1 1 3
  domain = vpc
aws_fis_experiment_template 4 4 0
  action.action_id = aws:ecs:stop-task | aws:network:disrupt-connectivity; action.name = stop-task | cut-subnets; action.parameter.key? = duration | scope
  action.parameter.value? = PT5M | all; action.target.key = Tasks | Subnets; action.target.value = task | zone; role_arn = @aws_iam_role.experiments
  stop_condition.source = aws:cloudwatch:alarm; target.name = task | zone; target.parameters.cluster? = NAME; target.parameters.service? = NAME
  target.resource_arns? = @aws_subnet.private | @aws_subnet.public | @aws_subnet.intra; target.resource_type = aws:ecs:task | aws:ec2:subnet
  target.selection_mode = COUNT(1) | ALL
aws_flow_log 1 1 1
  log_destination_type = cloud-watch-logs; max_aggregation_interval = 60; traffic_type = ALL
aws_iam_policy 1 1 1 34
  path = / (dev staging prod) | /pipeline/ (bootstrap)
aws_iam_role 6 6 8 7
  max_session_duration = 3600; path = / (dev staging prod) | /pipeline/ (bootstrap)
  permissions_boundary = arn:aws:iam::123456789012:policy/pipeline/movies-api-workload
aws_iam_role_policy 0 0 0 7
  name = state-and-lock | push-and-sign; policy = @
aws_iam_role_policy.execution 1 1 1
  name = start; role = @aws_iam_role.execution; policy = @aws_iam_policy_document.execution
aws_iam_role_policy.experiments 1 1 0
  name = harm; role = @aws_iam_role.experiments; policy = @aws_iam_policy_document.experiments
aws_iam_role_policy.task 1 1 1
  name = movies-table; role = @aws_iam_role.task; policy = @aws_iam_policy_document.task
aws_iam_role_policy.telemetry 1 1 1
  name = telemetry; role = @aws_iam_role.task; policy = @aws_iam_policy_document.telemetry
aws_iam_role_policy.events 1 1 1
  name = page; role = @aws_iam_role.events; policy = @aws_iam_policy_document.events_page
aws_iam_role_policy.maintenance 1 1 1
  name = end; role = @aws_iam_role.maintenance; policy = @aws_iam_policy_document.maintenance_end
aws_iam_role_policy.outside 0 0 1
  name = probe; role = @aws_iam_role.outside; policy = @aws_iam_policy_document.outside
aws_iam_role_policy.backup 0 0 1
  name = backup; policy = @aws_iam_policy_document.backup
aws_iam_role_policy.restore 0 0 1
  name = restore; policy = @aws_iam_policy_document.restore
aws_iam_role_policy_attachment 1 1 1 30
  policy_arn = @aws_iam_policy.vpc_flow_log_cloudwatch
aws_internet_gateway 1 1 1
aws_kms_alias.main 1 1 1 3
  target_key_id = @aws_kms_key.main
aws_kms_alias.table 1 1 1
  target_key_id = @aws_kms_key.table
aws_kms_alias.backup 0 0 1
  target_key_id = @aws_kms_key.backup
aws_kms_key 0 0 1
  customer_master_key_spec = SYMMETRIC_DEFAULT; deletion_window_in_days = 30; enable_key_rotation = true; is_enabled = true; key_usage = ENCRYPT_DECRYPT
aws_kms_key.main 1 1 1 3
  customer_master_key_spec = SYMMETRIC_DEFAULT | ECC_NIST_P256 (bootstrap); deletion_window_in_days = 7 (dev staging) | 30 (prod bootstrap)
  enable_key_rotation = true | false (bootstrap); is_enabled = true; key_usage = ENCRYPT_DECRYPT | SIGN_VERIFY (bootstrap)
aws_kms_key.table 1 1 1
  customer_master_key_spec = SYMMETRIC_DEFAULT; deletion_window_in_days = 30; enable_key_rotation = true; is_enabled = true; key_usage = ENCRYPT_DECRYPT
  multi_region = true
aws_lambda_function 0 0 1
  environment.variables = @aws_secretsmanager_secret.outside | @aws_region.current | @aws_cognito_user_pool_domain.main | @aws_cognito_user_pool_client.reader
  architectures = x86_64; image_config.command = /app/outside-probe.mjs; logging_config.log_format = Text; memory_size = 256; package_type = Image
  reserved_concurrent_executions = -1; role = @aws_iam_role.outside; timeout = 60
aws_lambda_permission 0 0 1
  action = lambda:InvokeFunction; principal = events.amazonaws.com; source_account = 123456789012; source_arn = @aws_cloudwatch_event_rule.outside
aws_lb 1 1 1
  access_logs.enabled = true; client_keep_alive = 3600; desync_mitigation_mode = defensive; drop_invalid_header_fields = true
  enable_deletion_protection = false (dev staging) | true (prod); enable_http2 = true; idle_timeout = 60; load_balancer_type = application
  security_groups = @aws_security_group.this | @aws_security_group.alb; subnets = @aws_subnet.public; xff_header_processing_mode = append
aws_lb_listener 1 1 1
  certificate_arn? = @aws_acm_certificate_validation.main (staging prod) | @aws_lb_trust_store.clients (staging prod); default_action.type = forward
  load_balancer_arn = @aws_lb.this; port = 80 (dev) | 443 (staging prod); protocol = HTTP (dev) | HTTPS (staging prod)
  ssl_policy = @aws_acm_certificate_validation.main (dev) | @aws_lb_trust_store.clients (dev) | ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09 (staging prod)
aws_lb_target_group 1 1 1
  deregistration_delay = 30; health_check.enabled = true; health_check.healthy_threshold = 2; health_check.interval = 10; health_check.matcher = 200
  health_check.path = /healthz; health_check.port = traffic-port; health_check.protocol = HTTP; health_check.timeout = 5; health_check.unhealthy_threshold = 2
  load_balancing_algorithm_type = least_outstanding_requests; name_prefix = api-; port = 8080; protocol = HTTP; slow_start = 0; target_type = ip; vpc_id = @aws_vpc.this
aws_nat_gateway 1 1 3
  connectivity_type = public; subnet_id = @aws_subnet.public
aws_network_acl 3 3 3
  subnet_ids = @aws_subnet.intra | @aws_subnet.private | @aws_subnet.public
aws_network_acl_rule 13 13 13
  cidr_block = 10.0.0.0/16 | 0.0.0.0/0; egress = false | true; from_port = 443 | 1024 | 8080 | 32768 | 80 | 3389
  network_acl_id = @aws_network_acl.intra | @aws_network_acl.private | @aws_network_acl.public; protocol = tcp; rule_action = allow | deny
  rule_number = 100 | 120 | 110 | 115 | 130; to_port = 443 | 65535 | 8080 | 80 | 3389
aws_prometheus_rule_group_namespace 1 1 1
  name = slo; workspace_id = @aws_prometheus_workspace.main
aws_prometheus_workspace 1 1 1
  kms_key_arn = @aws_kms_key.main
aws_route 2 2 4
  destination_cidr_block = 0.0.0.0/0; gateway_id? = @aws_internet_gateway.this; nat_gateway_id? = @aws_nat_gateway.this
  route_table_id = @aws_route_table.private | @aws_route_table.public
aws_route53_record 0 2 2
  alias.evaluate_target_health? = true; alias.name? = @aws_lb.this; alias.zone_id? = @aws_lb.this; allow_overwrite? = true
  name = movies.staging.example.com (staging) | @aws_acm_certificate.main | movies.example.com (prod); records? = @aws_acm_certificate.main; ttl? = 300
  type = A | @aws_acm_certificate.main; zone_id = Z0123456789EXAMPLE01 (staging) | Z0123456789EXAMPLE02 (prod)
aws_route_table 3 3 5
aws_route_table_association 9 9 9
  route_table_id = @aws_route_table.intra | @aws_route_table.private | @aws_route_table.public; subnet_id = @aws_subnet.intra | @aws_subnet.private | @aws_subnet.public
aws_s3_bucket 1 1 1 1
  force_destroy = true (dev staging) | false (prod bootstrap)
aws_s3_bucket_lifecycle_configuration 1 1 1 1
  bucket = @aws_s3_bucket.alb_logs; rule.abort_incomplete_multipart_upload.days_after_initiation = 1 | 7 (bootstrap)
  rule.expiration.days = 30 (dev) | 90 (staging) | 400 (prod) | 0 (bootstrap); rule.expiration.expired_object_delete_marker = false | true (bootstrap)
  rule.noncurrent_version_expiration.noncurrent_days = 30 | 90 (bootstrap); rule.status = Enabled; transition_default_minimum_object_size = all_storage_classes_128K
aws_s3_bucket_ownership_controls 1 1 1 1
  bucket = @aws_s3_bucket.alb_logs; rule.object_ownership = BucketOwnerEnforced
aws_s3_bucket_policy 1 1 1 1
  bucket = @aws_s3_bucket.alb_logs; policy = @aws_iam_policy_document.alb_logs
aws_s3_bucket_public_access_block 1 1 1 1
  block_public_acls = true; block_public_policy = true; bucket = @aws_s3_bucket.alb_logs; ignore_public_acls = true; restrict_public_buckets = true
aws_s3_bucket_server_side_encryption_configuration 1 1 1 1
  bucket = @aws_s3_bucket.alb_logs; rule.apply_server_side_encryption_by_default.sse_algorithm = AES256 (dev staging prod) | aws:kms (bootstrap); rule.apply_server_side_encryption_by_default.kms_master_key_id = @ (bootstrap)
  rule.bucket_key_enabled? = true (bootstrap)
aws_s3_bucket_versioning 1 1 1 1
  bucket = @aws_s3_bucket.alb_logs; versioning_configuration.status = Enabled
aws_scheduler_schedule_group 1 1 1
aws_secretsmanager_secret 2 2 3
  kms_key_id = @aws_kms_key.main; recovery_window_in_days = 0 (dev staging) | 30 (prod)
aws_secretsmanager_secret_version 2 2 3
  secret_id = @aws_secretsmanager_secret.main | @aws_secretsmanager_secret.outside (prod); secret_string_wo_version = 1 | @aws_cognito_user_pool_client.reader (prod)
aws_security_group 3 3 3
  vpc_id = @aws_vpc.this
aws_sns_topic 2 2 2
  kms_master_key_id = @aws_kms_key.main
aws_sns_topic_policy 2 2 2
  arn = @aws_sns_topic.main; policy = @aws_sns_topic.main | @aws_iam_policy_document.topic
aws_subnet 9 9 9
  availability_zone = eu-west-1a | eu-west-1b | eu-west-1c
  cidr_block = 10.0.208.0/24 | 10.0.209.0/24 | 10.0.210.0/24 | 10.0.0.0/20 | 10.0.16.0/20 | 10.0.32.0/20 | 10.0.192.0/24 | 10.0.193.0/24 | 10.0.194.0/24
aws_vpc 1 1 1
  cidr_block = 10.0.0.0/16; enable_dns_hostnames = true; enable_dns_support = true; instance_tenancy = default
aws_vpc_endpoint 6 6 6
  private_dns_enabled? = true
  service_name = com.amazonaws.eu-west-1.dynamodb | com.amazonaws.eu-west-1.ecr.api | com.amazonaws.eu-west-1.ecr.dkr | com.amazonaws.eu-west-1.logs | com.amazonaws.eu-west-1.s3 | com.amazonaws.eu-west-1.secretsmanager
  subnet_ids = @aws_subnet.intra; vpc_endpoint_type = Gateway | Interface; vpc_id = @aws_vpc.this
aws_vpc_security_group_egress_rule 5 5 5
  cidr_ipv4? = 0.0.0.0/0; from_port = 8080 | 443; ip_protocol = tcp; prefix_list_id? = @aws_vpc_endpoint.this
  referenced_security_group_id? = @aws_security_group.service | @aws_security_group.endpoints; security_group_id = @aws_security_group.alb | @aws_security_group.service
  to_port = 8080 | 443
aws_vpc_security_group_ingress_rule 3 3 3
  cidr_ipv4? = 198.51.100.0/24 (dev staging) | 0.0.0.0/0 (prod); from_port = 80 (dev) | 443 | 8080; ip_protocol = tcp
  referenced_security_group_id? = @aws_security_group.service | @aws_security_group.alb
  security_group_id = @aws_security_group.alb | @aws_security_group.endpoints | @aws_security_group.service; to_port = 80 (dev) | 443 | 8080
aws_wafv2_ip_set 3 3 3
  ip_address_version = IPV4; scope = REGIONAL
aws_wafv2_web_acl 1 1 1
  custom_response_body.content_type = APPLICATION_JSON; custom_response_body.key = maintenance | too-large | too-many-requests
  rule.action.block.custom_response.custom_response_body_key = maintenance | too-large | too-many-requests
  rule.action.block.custom_response.response_code = 503 | 413 | 429; rule.action.block.custom_response.response_header.name = Retry-After
  rule.action.block.custom_response.response_header.value = 120 | 300
  rule.statement.and_statement.statement.ip_set_reference_statement.arn = @aws_wafv2_ip_set.maintenance
  rule.statement.and_statement.statement.not_statement.statement.ip_set_reference_statement.arn = @aws_wafv2_ip_set.maintainers
  rule.statement.managed_rule_group_statement.name = AWSManagedRulesAmazonIpReputationList | AWSManagedRulesAnonymousIpList | AWSManagedRulesCommonRuleSet | AWSManagedRulesKnownBadInputsRuleSet | AWSManagedRulesSQLiRuleSet
  rule.statement.managed_rule_group_statement.rule_action_override.name = HostingProviderIPList; rule.statement.managed_rule_group_statement.vendor_name = AWS
  rule.statement.rate_based_statement.aggregate_key_type = IP; rule.statement.rate_based_statement.evaluation_window_sec = 300
  rule.statement.rate_based_statement.limit = 2000 | 200..500
  rule.statement.rate_based_statement.scope_down_statement.and_statement.statement.not_statement.statement.regex_match_statement.regex_string = ^$ | ^(GET|HEAD|OPTIONS)$
  rule.statement.rate_based_statement.scope_down_statement.and_statement.statement.not_statement.statement.regex_match_statement.text_transformation.type = NONE
  rule.statement.size_constraint_statement.comparison_operator = GT; rule.statement.size_constraint_statement.field_to_match.body.oversize_handling = MATCH
  rule.statement.size_constraint_statement.size = 8192; rule.statement.size_constraint_statement.text_transformation.type = NONE
  rule.visibility_config.cloudwatch_metrics_enabled = true; rule.visibility_config.sampled_requests_enabled = true; scope = REGIONAL
  visibility_config.cloudwatch_metrics_enabled = true; visibility_config.sampled_requests_enabled = true
aws_wafv2_web_acl_association 2 2 2
  resource_arn? = @aws_lb.this; web_acl_arn = @aws_wafv2_web_acl.main
aws_wafv2_web_acl_logging_configuration 1 1 1
  log_destination_configs = @aws_cloudwatch_log_group.decisions; logging_filter.default_behavior = DROP; logging_filter.filter.behavior = KEEP
  logging_filter.filter.condition.action_condition.action = BLOCK | COUNT | EXCLUDED_AS_COUNT; logging_filter.filter.requirement = MEETS_ANY
  redacted_fields.single_header.name = authorization | cookie; resource_arn = @aws_wafv2_web_acl.main

module.alb 1 1 1
  access_logs = @aws_s3_bucket_policy.alb_logs.bucket; connection_logs = @aws_s3_bucket_policy.alb_logs.bucket+var.client_ca
  enable_deletion_protection = @var.environment
  listeners = @aws_acm_certificate_validation.main+aws_lb_trust_store.clients+var.certificate_arn+var.client_ca+var.domain_name
  security_groups = @aws_security_group.alb.id; subnets = @module.vpc.public_subnets; vpc_id = @module.vpc.vpc_id
module.api_access 1 1 1
  deletion_protection_enabled = @var.environment; mfa = @var.environment; readers = @var.outside_probe; swagger_callback_urls = @var.domain_name+var.environment
  threat_protection = @var.environment
  output.audience = @aws_cognito_user_pool_client.machine.id+aws_cognito_user_pool_client.reader+aws_cognito_user_pool_client.swagger.id
  output.issuer = @aws_cognito_user_pool.main.endpoint; output.machine_client_id = @aws_cognito_user_pool_client.machine.id
  output.reader_ids = @aws_cognito_user_pool_client.reader; output.reader_secrets = @aws_cognito_user_pool_client.reader
  output.swagger_client_id = @aws_cognito_user_pool_client.swagger.id; output.token_endpoint = @aws_cognito_user_pool_domain.main.domain
  output.user_pool_arn = @aws_cognito_user_pool.main.arn
module.api_container 1 1 1
  environment = @module.api_access+module.movies_table.table_name+var.log_level+var.oidc.audience+var.oidc.issuer+var.oidc.jwks_uri+var.oidc.swagger_client_id+var.region+var.task_size.memory+var.trace_sample_rate
  image = @var.image; log_configuration = @aws_cloudwatch_log_group.api.name+var.region; secrets = @module.cursor_keys.accepted+module.cursor_keys.signing
module.cluster 1 1 1
module.collector_container 1 1 1
  environment = @module.observability.prometheus_workspace.remote_write_url+var.region; image = @local.collector.digest+var.collector_image+var.image
  log_configuration = @aws_cloudwatch_log_group.collector.name+var.region
module.cursor_keys 1 1 1
  kms_key_arn = @aws_kms_key.main.arn; recovery_window_days = @var.environment; stage = @var.cursor_key_stage
  output.accepted = @local.accepted+local.references+local.slots; output.arns = @aws_secretsmanager_secret.main+local.slots
  output.signing = @local.references+local.signing+local.slots
module.endpoints 1 1 1
  endpoints = @data.aws_iam_policy_document.dynamodb_endpoint.json+data.aws_iam_policy_document.interface_endpoint.json+data.aws_iam_policy_document.s3_endpoint.json+module.vpc.private_route_table_ids+var.egress
  security_group_ids = @aws_security_group.endpoints.id; subnet_ids = @module.vpc.intra_subnets+var.endpoint_zones; vpc_id = @module.vpc.vpc_id
module.movies_table 1 1 1
  backup = @var.backup; deletion_protection_enabled = @var.environment; global_secondary_indexes = @local.table.globalSecondaryIndexes; hash_key = @local.table.hashKey
  multi_region = @var.multi_region; permissions_boundary_arn = @var.permissions_boundary_arn; range_key = @local.table.rangeKey
  replica_regions = @aws_kms_replica_key.table; restored = @var.tables.restored; serving = @var.tables.serving; output.backup_vault_name = @aws_backup_vault.main
  output.kms_key_arn = @aws_kms_key.table.arn; output.kms_key_policy = @data.aws_iam_policy_document.key["table"].json; output.restore_role_arn = @aws_iam_role.restore
  output.restore_role_name = @aws_iam_role.restore; output.table_arns = @aws_dynamodb_table.main; output.table_name = @aws_dynamodb_table.main+local.serving
module.observability 1 1 1
  backup_vault = @module.movies_table.backup_vault_name; certificate = @aws_acm_certificate.main+var.certificate_arn+var.domain_name; kms_key_arn = @aws_kms_key.main.arn
  load_balancer = @module.alb.arn_suffix+module.alb.target_groups["api"].arn_suffix; log_retention_days = @var.log_retention_days
  maintenance = @module.web_acl.maintenance.rule_metric+module.web_acl.maintenance.schedule_group; monthly_budget_usd = @var.monthly_budget_usd
  outside = @aws_cloudwatch_log_group.outside; permissions_boundary_arn = @var.permissions_boundary_arn; restore_role = @module.movies_table.restore_role_name
  rule_versions = @var.waf.rule_versions; runbook_url = @var.repository+var.runbook_url
  service = @aws_cloudwatch_log_group.api.name+module.cluster.name+module.service.name+var.scaling.max_tasks+var.scaling.schedules; subscriptions = @var.subscriptions
  table = @local.table.globalSecondaryIndexes+module.movies_table.table_name; zones = @local.zones+var.scaling.min_tasks
  output.alarm_names = @aws_cloudwatch_composite_alarm.burn+aws_cloudwatch_composite_alarm.unless_maintenance+aws_cloudwatch_metric_alarm.symptom+local.symptoms
  output.dashboard_name = @aws_cloudwatch_dashboard.main.dashboard_name; output.fast_burn_alarm_arns = @aws_cloudwatch_metric_alarm.window+local.windows
  output.prometheus_workspace = @aws_prometheus_workspace.main.arn+aws_prometheus_workspace.main.prometheus_endpoint
  output.read_on = @local.dashboard_url+local.look_back.page+var.name+var.runbook_url; output.topic_arns = @aws_sns_topic.main
module.service 1 1 1
  alarms = @aws_cloudwatch_metric_alarm.deployment; autoscaling_max_capacity = @var.scaling.max_tasks; autoscaling_min_capacity = @var.scaling.min_tasks
  autoscaling_policies = @module.alb.arn_suffix+module.alb.target_groups["api"].arn_suffix+var.scaling.cpu_percent+var.scaling.requests_per_target
  autoscaling_scheduled_actions = @var.scaling.schedules; capacity_provider_strategy = @var.capacity.fargate_base+var.capacity.fargate_weight+var.capacity.spot_weight
  cluster_arn = @module.cluster.arn; desired_count = @var.scaling.min_tasks
  load_balancer = @module.alb.target_groups["api"].arn+module.api_container.container_definition.name; security_group_ids = @aws_security_group.service.id
  service_tags = @var.commit; subnet_ids = @module.vpc.private_subnets; task_definition_arn = @aws_ecs_task_definition.main.arn
module.vpc 1 1 1
  azs = @local.zones; cidr = @var.vpc_cidr; enable_nat_gateway = @var.egress; flow_log_cloudwatch_log_group_kms_key_id = @aws_kms_key.main.arn
  flow_log_cloudwatch_log_group_retention_in_days = @var.log_retention_days; intra_inbound_acl_rules = @var.vpc_cidr; intra_outbound_acl_rules = @var.vpc_cidr
  intra_subnets = @var.vpc_cidr; one_nat_gateway_per_az = @var.egress; private_inbound_acl_rules = @var.vpc_cidr; private_outbound_acl_rules = @var.vpc_cidr
  private_subnets = @var.vpc_cidr; public_inbound_acl_rules = @var.vpc_cidr; public_subnets = @var.vpc_cidr; single_nat_gateway = @var.egress
  vpc_flow_log_iam_policy_name = @local.region_code; vpc_flow_log_iam_role_name = @local.region_code; vpc_flow_log_permissions_boundary = @var.permissions_boundary_arn
module.web_acl 1 1 1
  allowed_cidrs = @var.waf.allowed_cidrs; allowed_countries = @var.waf.allowed_countries; kms_key_arn = @aws_kms_key.main.arn
  log_retention_days = @var.log_retention_days; maintainer_cidrs = @var.maintainer_cidrs; partners = @var.waf.partners
  permissions_boundary_arn = @var.permissions_boundary_arn; rate_limit = @var.waf.rate_limit; rule_overrides = @var.waf.rule_overrides
  rule_versions = @var.waf.rule_versions; write_rate_limit = @var.waf.write_rate_limit; output.arn = @aws_wafv2_web_acl.main.arn
  output.log_group_name = @aws_cloudwatch_log_group.decisions.name
  output.maintenance = @aws_iam_role.maintenance.arn+aws_scheduler_schedule_group.maintenance.name+aws_wafv2_ip_set.maintenance.id+aws_wafv2_ip_set.maintenance.name+var.name
  output.name = @aws_wafv2_web_acl.main.name
output 0 0 0
  url = @aws_lb.this+var.domain_name; region = @var.region; image = @var.image; cursor_key_stage = @var.cursor_key_stage; container_definitions = @
  cluster_name = @aws_ecs_cluster.this; service_name = @aws_ecs_service.ignore_task_definition+aws_ecs_service.this; tables = @var.tables
  task_definition_arn = @aws_ecs_task_definition.main; load_balancer_arn = @aws_lb.this; target_group_arn = @aws_lb_target_group.this
  web_acl_arn = @aws_wafv2_web_acl.main; table_name = @aws_dynamodb_table.main; restore_role_arn = @aws_iam_role.restore; user_pool_arn = @
  maintenance = @aws_iam_role.maintenance+aws_scheduler_schedule_group.maintenance+aws_wafv2_ip_set.maintenance; token_endpoint = @; machine_client_id = @
  topic_arns = @aws_sns_topic.main; prometheus_workspace = @aws_prometheus_workspace.main; log_group_name = @aws_cloudwatch_log_group.api
  oidc_issuer = @oidc.issuer+var.oidc; dashboard_name = @aws_cloudwatch_dashboard.main; deployment_alarm_names = @aws_cloudwatch_metric_alarm.deployment
  alarm_names = @aws_cloudwatch_composite_alarm.burn+aws_cloudwatch_composite_alarm.unless_maintenance+aws_cloudwatch_metric_alarm.symptom
`;

/** Other tests assert these as a whole: documents of IAM, what is played, what each alarm reads, texts for people. */
const elsewhere =
  /(^|\.)((assume_role_)?policy|container_definitions|event_pattern|query_string|expression|pattern|alarm_rule|(alarm_|scope_)?description|input_\w+|data|content|label|id|dimensions|alarm_names|metric_name|image_uri|metric_transformation\.name)(\.|$)|^rule\.name$/;
/** AWS or its provider sets these where nobody does. */
const byAws =
  /^(routing_http\w+|tcp_idle_timeout_seconds|domain_validation_options|time_period_end|event_bus_name|stream_view_type|default_(network_acl|route_table)_id|lambda_multi\w+|statement_id|timeouts|tags(_all)?)(\.|$)|(^|\.)priority$/;

/** What an attribute is that nobody sets; and a name, if it is this deployment's: what that is called by is compared in AWS. */
const isUsual = (path: string, value: string): boolean =>
  value === 'false' ||
  (/(^|[._])(name|names|bucket|alias|domain|log_group|rule|group|family|role|repository)$/.test(path) &&
    /NAME|movies[-_]api/.test(value));

const places = [...environments, 'bootstrap'] as const;
type Place = (typeof places)[number];

interface Fact {
  readonly key: string;
  readonly address: string;
  readonly path: string;
  readonly value: string;
}
interface Entry {
  readonly isOptional: boolean;
  readonly values: readonly { readonly may: string; readonly only: readonly string[] }[];
}
interface Meant {
  readonly counts: readonly string[];
  readonly entries: ReadonlyMap<string, Entry>;
}

function readMeant(text: string): ReadonlyMap<string, Meant> {
  const found = new Map<string, Meant>();
  for (const block of text.trim().split(/\n(?=aws_|module|output)/)) {
    const [head = '', ...lines] = block.split('\n');
    const [key = '', ...counts] = head.split(' ');
    const entries = lines
      .flatMap((line) => line.trim().split('; '))
      .filter((entry) => entry !== '')
      .map((entry): readonly [string, Entry] => {
        const [, path = '', mark = '', values = ''] = /^([^ ?]+)(\??) = (.*)$/.exec(entry) ?? [];
        return [
          path,
          {
            isOptional: mark === '?',
            values: values.split(' | ').map((value) => {
              const [, may = value, only = ''] = /^(.*) \(([a-z ]+)\)$/.exec(value) ?? [];
              return { may, only: only === '' ? [] : only.split(' ') };
            }),
          },
        ];
      });
    found.set(key, { counts, entries: new Map(entries) });
  }
  return found;
}

/** Without what each reference is a part of, and what each of them has. */
const told = (expression: Expression | undefined): string => {
  const found = referencesAt(expression, []).filter(
    (one) => !/^(data\.aws_(caller|region|partition)|local\.name$|path\.)/.test(one),
  );
  return [...new Set(found)]
    .filter((one) => !found.some((other) => other.startsWith(`${one}.`) || other.startsWith(`${one}[`)))
    .sort()
    .join('+');
};

/** What each module is told, and what ours tell: two names may be the same today, and a plan doesn't show which was meant. */
function jointsOf({ module_calls: calls = {} }: ModuleConfiguration): readonly Fact[] {
  return Object.entries(calls).flatMap(([name, { source, expressions = {}, module }]) => {
    const key = `module.${name}`;
    const outputs = source.startsWith('../') ? Object.entries(module.outputs ?? {}) : [];
    const joints: readonly (readonly [string, string])[] = [
      ...Object.entries(expressions).map(([argument, one]) => [argument, told(one)] as const),
      ...outputs.map(([output, { expression }]) => [`output.${output}`, told(expression)] as const),
    ];
    return [['', ''] as const, ...joints.filter(([, value]) => value !== '')].map(([path, value]) => ({
      key,
      address: key,
      path,
      value: path === '' ? '' : `@${value}`,
    }));
  });
}

const plain = (address: string): string => address.replaceAll(/\[[^\]]*\]/g, '');
const tell = (value: Value, environment: string): string =>
  (typeof value === 'string' ? value : JSON.stringify(value)).replaceAll(`movies-api-${environment}`, 'NAME');

function factsOf(json: PlanJson, environment: Place, keys: ReadonlySet<string>): readonly Fact[] {
  const root = json.configuration.root_module;
  const outputs = Object.keys(root.outputs ?? {}).map((name): Fact => {
    const sources = sourcesOfOutput(root, name).map((source) => source.split('.').slice(-2).join('.'));
    return {
      key: 'output',
      address: 'output',
      path: name,
      value: `@${[...new Set(sources)].sort().join('+')}`,
    };
  });
  const resources = new Plan(json).resources
    .filter(({ address }) => !/(^|\.)data\./.test(address))
    .flatMap(({ address, type, values }) => {
      const name = plain(address).split('.').slice(-2).join('.');
      const key = keys.has(name) ? name : type;
      const found: Fact[] = [{ key, address, path: '', value: '' }];
      const walk = (value: Value, path: readonly string[]): void => {
        const at = path.join('.');
        if (byAws.test(at) || value === null || value === '') return;
        if (isList(value) && value.some((one) => isObject(one) || isList(one)))
          for (const one of value) walk(one, path);
        else if (isObject(value)) for (const [part, one] of Object.entries(value)) walk(one, [...path, part]);
        else if (value === unknown || (isList(value) && value.includes(unknown))) {
          // What it will be made from isn't told where a plan comes without its configuration.
          if (environment === 'bootstrap') found.push({ key, address, path: at, value: '@' });
          const sources = sourcesOf(root, plain(address), path);
          const names = sources.map((source) => source.split('.').slice(-2).join('.'));
          for (const source of new Set(names)) found.push({ key, address, path: at, value: `@${source}` });
        } else if (!elsewhere.test(at) && (!isList(value) || value.length > 0))
          found.push({
            key,
            address,
            path: at,
            value: tell(
              isList(value) ? value.map((one) => tell(one, environment)).join() : value,
              environment,
            ),
          });
      };
      walk(values, []);
      return found;
    });
  return [...outputs, ...jointsOf(root), ...resources];
}

const isOneOf = (value: string, { values }: Entry, place: Place): boolean =>
  values.some(({ may, only }) => {
    if (place === 'bootstrap' && value === '@') return true;
    if (only.length > 0 && !only.includes(place)) return false;
    const [, least, most] = /^(-?[\d.]+)\.\.(-?[\d.]+)$/.exec(may) ?? [];
    return most === undefined
      ? may === value
      : Number(value) >= Number(least) && Number(value) <= Number(most);
  });

const enter = 'if that is right, enter it in the table of tests/checks/plan/values.test.ts';

function judge(json: PlanJson, place: Place, meant = readMeant(table)): readonly string[] {
  const facts = factsOf(json, place, new Set(meant.keys()));
  const at = places.indexOf(place);
  const counted = [...new Set([...meant.keys(), ...facts.map(({ key }) => key)])].flatMap((key) => {
    const count = facts.filter((fact) => fact.key === key && fact.path === '').length;
    const wanted = meant.get(key)?.counts[at] ?? '0';
    return String(count) === wanted
      ? []
      : [`${place} plans ${count} of ${key}, and should plan ${wanted}: ${enter}`];
  });
  const wrong = facts
    .filter(({ path }) => path !== '')
    .flatMap(({ key, address, path, value }) => {
      const entry = meant.get(key)?.entries.get(path);
      return (entry === undefined ? value === '@' || isUsual(path, value) : isOneOf(value, entry, place))
        ? []
        : [`${address} of ${place}: ${path} may not be ${value}; ${enter}`];
    });
  const lost = [...meant].flatMap(([key, { entries }]) =>
    [...entries].flatMap(([path, { isOptional, values }]) => {
      const isHere = values.some(({ only }) => only.length === 0 || only.includes(place));
      const own = facts.filter((fact) => fact.key === key);
      if (key === 'output' && place !== 'bootstrap' && !own.some((fact) => fact.path === path))
        return [`output ${path} of ${place} is gone; ${enter}`];
      const having = new Set(own.filter((fact) => fact.path === path).map(({ address }) => address));
      return isOptional || !isHere || key === 'output'
        ? []
        : [...new Set(own.map(({ address }) => address))]
            .filter((address) => !having.has(address))
            .map((address) => `${address} of ${place}: ${path} is not set; ${enter}`);
    }),
  );
  return [...counted, ...wrong, ...lost];
}

const planOf = (environment: Environment): PlanJson =>
  denormalise(
    (JSON.parse(readFileSync(`tests/checks/plan/recorded/${environment}.json`, 'utf8')) as Recording).plan,
  );

test.each(environments)('in %s each attribute is one that its type of resource may have', (environment) => {
  expect(judge(planOf(environment), environment)).toEqual([]);
});

describeWith([terraform, awsProvider], 'planned without a recording', () => {
  test('in bootstrap each attribute is one that its type of resource may have', async () => {
    const resource_changes = await planBootstrap(process.cwd());

    expect(judge({ resource_changes, configuration: { root_module: {} } }, 'bootstrap')).toEqual([]);
  }, 600_000);
});

test('a mistake in a plan is named with the resource, the attribute, the value, and where to enter it', () => {
  const text = JSON.stringify(planOf('prod')).replace('"idle_timeout":60', '"idle_timeout":600');

  expect(judge(JSON.parse(text) as PlanJson, 'prod')).toEqual([
    `module.alb.aws_lb.this[0] of prod: idle_timeout may not be 600; ${enter}`,
  ]);
});
