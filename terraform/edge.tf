module "alb" {
  source  = "terraform-aws-modules/alb/aws"
  version = "9.17.0"

  name    = local.name
  vpc_id  = module.vpc.vpc_id
  subnets = module.vpc.public_subnets

  create_security_group = false
  security_groups       = [aws_security_group.alb.id]

  drop_invalid_header_fields = true
  desync_mitigation_mode     = "defensive"
  enable_deletion_protection = var.environment == "prod"
  idle_timeout               = 60

  # The policy's bucket, not the bucket itself: load balancing tries to write as soon as it is told to.
  access_logs = { bucket = aws_s3_bucket_policy.alb_logs.bucket }
  # What says why a client's certificate was refused.
  connection_logs = var.client_ca == null ? {} : { bucket = aws_s3_bucket_policy.alb_logs.bucket }

  # Port 8080 of the tasks is all that is ever forwarded: metrics have a port of their own, which no listener,
  # target group or security group rule mentions. Beside HTTPS nothing listens on port 80: a redirect would take a token
  # in clear from each client with a wrong address, for ever, and make a GET of its POST.
  listeners = { for name, listener in {
    https = merge(
      {
        port            = 443
        protocol        = "HTTPS"
        ssl_policy      = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
        certificate_arn = var.certificate_arn == null ? one([for validation in aws_acm_certificate_validation.main : validation.certificate_arn]) : var.certificate_arn
        forward         = { target_group_key = "api" }
      },
      { for mode in var.client_ca == null ? [] : ["verify"] : "mutual_authentication" => {
        mode            = mode
        trust_store_arn = one([for store in aws_lb_trust_store.clients : store.arn])
      } },
    )
    http = {
      port     = 80
      protocol = "HTTP"
      forward  = { target_group_key = "api" }
    }
  } : name => listener if name == (var.domain_name == null ? "http" : "https") }

  target_groups = {
    api = {
      # A prefix, so that a replacement can exist beside the old one.
      name_prefix       = "api-"
      port              = 8080
      protocol          = "HTTP"
      target_type       = "ip"
      create_attachment = false

      # The longest answer takes 10 s; connections of a leaving task get three times that.
      deregistration_delay          = 30
      load_balancing_algorithm_type = "least_outstanding_requests"

      # Alive, not ready: a database that is away must not make the balancer replace every task. A task that drains says
      # no at once: a Spot interruption doesn't deregister it first.
      health_check = {
        path                = "/healthz"
        matcher             = "200"
        interval            = 10
        timeout             = 5
        healthy_threshold   = 2
        unhealthy_threshold = 2
      }
    }
  }
}

resource "aws_security_group" "alb" {
  name        = "${local.name}-alb"
  description = "Load balancer of ${local.name}"
  vpc_id      = module.vpc.vpc_id

  tags = { Name = "${local.name}-alb" }
}

resource "aws_vpc_security_group_ingress_rule" "alb_http" {
  for_each = var.domain_name == null ? var.allowed_cidrs : []

  security_group_id = aws_security_group.alb.id
  description       = "HTTP from a named network"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 80
  to_port           = 80
}

resource "aws_vpc_security_group_ingress_rule" "alb_https" {
  for_each = var.domain_name == null ? [] : var.allowed_cidrs

  security_group_id = aws_security_group.alb.id
  description       = "HTTPS"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "alb_to_service" {
  security_group_id            = aws_security_group.alb.id
  description                  = "Requests and health checks to the tasks"
  referenced_security_group_id = aws_security_group.service.id
  ip_protocol                  = "tcp"
  from_port                    = 8080
  to_port                      = 8080
}

# ---- Firewall ----

module "web_acl" {
  source = "../modules/web-acl"

  name               = local.name
  kms_key_arn        = aws_kms_key.main.arn
  log_retention_days = var.log_retention_days
  rate_limit         = var.waf.rate_limit
  write_rate_limit   = var.waf.write_rate_limit
  partners           = var.waf.partners
  rule_versions      = var.waf.rule_versions
  rule_overrides     = var.waf.rule_overrides
  allowed_countries  = var.waf.allowed_countries
  allowed_cidrs      = var.waf.allowed_cidrs
  maintainer_cidrs   = var.maintainer_cidrs

  permissions_boundary_arn = var.permissions_boundary_arn
}

resource "aws_wafv2_web_acl_association" "main" {
  resource_arn = module.alb.arn
  web_acl_arn  = module.web_acl.arn
}

# The pool's token endpoint and sign-in pages are as public as the API.
resource "aws_wafv2_web_acl_association" "user_pool" {
  for_each = module.api_access

  resource_arn = module.api_access[each.key].user_pool_arn
  web_acl_arn  = module.web_acl.arn
}

# ---- Name and certificates ----

resource "aws_acm_certificate" "main" {
  for_each = toset(var.domain_name != null && var.certificate_arn == null ? [var.domain_name] : [])

  domain_name       = each.value
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_route53_record" "validation" {
  for_each = aws_acm_certificate.main

  zone_id         = var.hosted_zone_id
  name            = one(each.value.domain_validation_options).resource_record_name
  type            = one(each.value.domain_validation_options).resource_record_type
  records         = [one(each.value.domain_validation_options).resource_record_value]
  ttl             = 300
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "main" {
  for_each = aws_acm_certificate.main

  certificate_arn         = each.value.arn
  validation_record_fqdns = [aws_route53_record.validation[each.key].fqdn]
}

resource "aws_route53_record" "main" {
  for_each = toset(var.domain_name != null && var.hosted_zone_id != null ? [var.domain_name] : [])

  zone_id = var.hosted_zone_id
  name    = each.value
  type    = "A"

  alias {
    name                   = module.alb.dns_name
    zone_id                = module.alb.zone_id
    evaluate_target_health = true
  }
}

resource "aws_lb_trust_store" "clients" {
  for_each = toset(var.client_ca == null ? [] : ["clients"])

  name                                     = local.name
  ca_certificates_bundle_s3_bucket         = var.client_ca.bucket
  ca_certificates_bundle_s3_key            = var.client_ca.key
  ca_certificates_bundle_s3_object_version = var.client_ca.object_version
}

resource "aws_lb_trust_store_revocation" "clients" {
  for_each = var.client_ca == null ? {} : var.client_ca.revocations

  trust_store_arn               = one([for store in aws_lb_trust_store.clients : store.arn])
  revocations_s3_bucket         = var.client_ca.bucket
  revocations_s3_key            = each.key
  revocations_s3_object_version = each.value
}

# ---- Access logs: written by load balancing, over TLS, and by nobody else ----

resource "aws_s3_bucket" "alb_logs" {
  bucket        = "${local.name}-alb-logs-${data.aws_caller_identity.current.account_id}-${local.region_code}"
  force_destroy = var.environment != "prod"
}

resource "aws_s3_bucket_public_access_block" "alb_logs" {
  bucket                  = aws_s3_bucket.alb_logs.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "alb_logs" {
  bucket = aws_s3_bucket.alb_logs.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

# Load balancing writes to buckets with S3's own keys only, not with KMS.
resource "aws_s3_bucket_server_side_encryption_configuration" "alb_logs" {
  bucket = aws_s3_bucket.alb_logs.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_versioning" "alb_logs" {
  bucket = aws_s3_bucket.alb_logs.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "alb_logs" {
  bucket = aws_s3_bucket.alb_logs.id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = var.log_retention_days
    }

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

resource "aws_s3_bucket_policy" "alb_logs" {
  bucket = aws_s3_bucket.alb_logs.id
  policy = data.aws_iam_policy_document.alb_logs.json
}

data "aws_iam_policy_document" "alb_logs" {
  statement {
    sid       = "LoadBalancingWrites"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.alb_logs.arn}/AWSLogs/${data.aws_caller_identity.current.account_id}/*"]

    principals {
      type        = "Service"
      identifiers = ["logdelivery.elasticloadbalancing.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${data.aws_partition.current.partition}:elasticloadbalancing:${var.region}:${data.aws_caller_identity.current.account_id}:loadbalancer/app/${local.name}/*"]
    }
  }

  statement {
    sid       = "NothingWithoutTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.alb_logs.arn, "${aws_s3_bucket.alb_logs.arn}/*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}
