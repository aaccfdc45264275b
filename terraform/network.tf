# Three zones. public: load balancer and NAT · private: tasks · intra: interface endpoints, with no way out.
module "vpc" {
  source  = "terraform-aws-modules/vpc/aws"
  version = "5.21.0"

  name = local.name
  cidr = var.vpc_cidr
  azs  = local.zones

  # Of a /16: private /20 (4,091 tasks a zone), public and intra /24; a quarter stays free for what comes.
  private_subnets = [for zone in range(3) : cidrsubnet(var.vpc_cidr, 4, zone)]
  public_subnets  = [for zone in range(3) : cidrsubnet(var.vpc_cidr, 8, 192 + zone)]
  intra_subnets   = [for zone in range(3) : cidrsubnet(var.vpc_cidr, 8, 208 + zone)]

  map_public_ip_on_launch = false
  enable_nat_gateway      = var.egress != "none"
  single_nat_gateway      = var.egress == "single_nat"
  one_nat_gateway_per_az  = var.egress == "nat_per_zone"

  # What nobody configures on purpose lets nothing through.
  manage_default_security_group  = true
  default_security_group_ingress = []
  default_security_group_egress  = []
  manage_default_network_acl     = true
  default_network_acl_ingress    = []
  default_network_acl_egress     = []

  # Network ACLs keep no state, so answers (ephemeral ports) are let in; remote desktop is in their range, and refused
  # to everybody but the tasks, whose answers may go to any port of the load balancer.
  public_dedicated_network_acl = true
  public_inbound_acl_rules = [
    { rule_number = 100, rule_action = "allow", protocol = "tcp", from_port = 80, to_port = 80, cidr_block = "0.0.0.0/0" },
    { rule_number = 110, rule_action = "allow", protocol = "tcp", from_port = 443, to_port = 443, cidr_block = "0.0.0.0/0" },
    { rule_number = 115, rule_action = "allow", protocol = "tcp", from_port = 1024, to_port = 65535, cidr_block = var.vpc_cidr },
    { rule_number = 120, rule_action = "deny", protocol = "tcp", from_port = 3389, to_port = 3389, cidr_block = "0.0.0.0/0" },
    { rule_number = 130, rule_action = "allow", protocol = "tcp", from_port = 1024, to_port = 65535, cidr_block = "0.0.0.0/0" },
  ]
  public_outbound_acl_rules = [
    { rule_number = 100, rule_action = "allow", protocol = "tcp", from_port = 443, to_port = 443, cidr_block = "0.0.0.0/0" },
    { rule_number = 110, rule_action = "allow", protocol = "tcp", from_port = 1024, to_port = 65535, cidr_block = "0.0.0.0/0" },
  ]
  private_dedicated_network_acl = true
  private_inbound_acl_rules = [
    { rule_number = 100, rule_action = "allow", protocol = "tcp", from_port = 8080, to_port = 8080, cidr_block = var.vpc_cidr },
    { rule_number = 120, rule_action = "allow", protocol = "tcp", from_port = 32768, to_port = 65535, cidr_block = "0.0.0.0/0" },
  ]
  private_outbound_acl_rules = [
    { rule_number = 100, rule_action = "allow", protocol = "tcp", from_port = 443, to_port = 443, cidr_block = "0.0.0.0/0" },
    { rule_number = 110, rule_action = "allow", protocol = "tcp", from_port = 1024, to_port = 65535, cidr_block = var.vpc_cidr },
  ]
  intra_dedicated_network_acl = true
  intra_inbound_acl_rules = [
    { rule_number = 100, rule_action = "allow", protocol = "tcp", from_port = 443, to_port = 443, cidr_block = var.vpc_cidr },
  ]
  intra_outbound_acl_rules = [
    { rule_number = 100, rule_action = "allow", protocol = "tcp", from_port = 1024, to_port = 65535, cidr_block = var.vpc_cidr },
  ]

  enable_flow_log                                 = true
  create_flow_log_cloudwatch_iam_role             = true
  create_flow_log_cloudwatch_log_group            = true
  vpc_flow_log_permissions_boundary               = var.permissions_boundary_arn
  vpc_flow_log_iam_role_name                      = "${local.name}-flow-logs-${local.region_code}"
  vpc_flow_log_iam_role_use_name_prefix           = false
  vpc_flow_log_iam_policy_name                    = "${local.name}-flow-logs-${local.region_code}"
  vpc_flow_log_iam_policy_use_name_prefix         = false
  flow_log_max_aggregation_interval               = 60
  flow_log_cloudwatch_log_group_name_prefix       = "/${local.name}/"
  flow_log_cloudwatch_log_group_name_suffix       = "flow-logs"
  flow_log_cloudwatch_log_group_retention_in_days = var.log_retention_days
  flow_log_cloudwatch_log_group_kms_key_id        = aws_kms_key.main.arn
}

module "endpoints" {
  source  = "terraform-aws-modules/vpc/aws//modules/vpc-endpoints"
  version = "5.21.0"

  vpc_id             = module.vpc.vpc_id
  subnet_ids         = slice(module.vpc.intra_subnets, 0, var.endpoint_zones)
  security_group_ids = [aws_security_group.endpoints.id]

  endpoints = merge(
    {
      s3 = {
        service         = "s3"
        service_type    = "Gateway"
        route_table_ids = module.vpc.private_route_table_ids
        policy          = data.aws_iam_policy_document.s3_endpoint.json
        tags            = { Name = "${local.name}-s3" }
      }
      dynamodb = {
        service         = "dynamodb"
        service_type    = "Gateway"
        route_table_ids = module.vpc.private_route_table_ids
        policy          = data.aws_iam_policy_document.dynamodb_endpoint.json
        tags            = { Name = "${local.name}-dynamodb" }
      }
    },
    # What a task calls before and beside its table: its image, its logs, its secret; with no way out also metrics and
    # traces, which otherwise take the NAT: endpoints would cost more than they save.
    { for service in concat(["ecr.api", "ecr.dkr", "logs", "secretsmanager"], var.egress == "none" ? ["aps-workspaces", "xray"] : []) : service => {
      service             = service
      private_dns_enabled = true
      policy              = data.aws_iam_policy_document.interface_endpoint.json
      tags                = { Name = "${local.name}-${service}" }
    } }
  )
}

# ---- With no way out: how the tasks reach the issuer of one's own ----

resource "aws_ec2_transit_gateway_vpc_attachment" "issuer" {
  for_each = toset(var.issuer_network == null ? [] : ["issuer"])

  transit_gateway_id = var.issuer_network.transit_gateway_id
  vpc_id             = module.vpc.vpc_id
  subnet_ids         = module.vpc.private_subnets

  tags = { Name = "${local.name}-issuer" }
}

resource "aws_route" "issuer" {
  for_each = var.issuer_network == null ? {} : {
    for pair in setproduct(range(length(module.vpc.private_route_table_ids)), var.issuer_network.cidrs) : "${pair[0]} ${pair[1]}" => pair
  }

  route_table_id         = module.vpc.private_route_table_ids[each.value[0]]
  destination_cidr_block = each.value[1]
  transit_gateway_id     = aws_ec2_transit_gateway_vpc_attachment.issuer["issuer"].transit_gateway_id
}

data "aws_iam_policy_document" "dynamodb_endpoint" {
  statement {
    sid       = "TheseTablesOnly"
    actions   = ["dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan"]
    resources = flatten([for arn in module.movies_table.table_arns : [arn, "${arn}/index/*"]])

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

data "aws_iam_policy_document" "s3_endpoint" {
  # Amazon keeps the layers of every ECR image in a bucket of its own.
  statement {
    sid       = "ImageLayersOnly"
    actions   = ["s3:GetObject"]
    resources = ["arn:${data.aws_partition.current.partition}:s3:::prod-${var.region}-starport-layer-bucket/*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
  }
}

data "aws_iam_policy_document" "interface_endpoint" {
  statement {
    sid = "WhatTasksCallInThisAccountOnly"
    actions = [
      "aps:RemoteWrite",
      "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer",
      "logs:CreateLogStream", "logs:PutLogEvents",
      "secretsmanager:GetSecretValue",
      "xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments",
    ]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_security_group" "endpoints" {
  name        = "${local.name}-endpoints"
  description = "Interface endpoints of ${local.name}"
  vpc_id      = module.vpc.vpc_id

  tags = { Name = "${local.name}-endpoints" }
}

resource "aws_vpc_security_group_ingress_rule" "endpoints_from_service" {
  security_group_id            = aws_security_group.endpoints.id
  description                  = "TLS from the tasks"
  referenced_security_group_id = aws_security_group.service.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}
