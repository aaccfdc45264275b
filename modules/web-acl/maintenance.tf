# Maintenance mode: one call turns it on and one off, at once and without a deployment (`make maintenance`). While it is on,
# a schedule that makes the second call at the stated time waits in AWS, whoever's laptop is closed.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

# On while it holds every address (in two halves: AWS WAF takes no /0), off while it is empty.
resource "aws_wafv2_ip_set" "maintenance" {
  name               = "${var.name}-maintenance"
  description        = "Networks that are told of maintenance: all or none"
  scope              = "REGIONAL"
  ip_address_version = "IPV4"
  addresses          = []

  lifecycle {
    ignore_changes = [addresses] # no release turns maintenance off
  }
}

resource "aws_wafv2_ip_set" "maintainers" {
  name               = "${var.name}-maintainers"
  description        = "Networks that get through in maintenance"
  scope              = "REGIONAL"
  ip_address_version = "IPV4"
  addresses          = var.maintainer_cidrs
}

# Of its own, so that its role trusts nothing else, and an end that fails is counted apart from other schedules.
resource "aws_scheduler_schedule_group" "maintenance" {
  name = "${var.name}-maintenance"
}

resource "aws_iam_role" "maintenance" {
  name                 = "${var.name}-maintenance-${replace(data.aws_region.current.name, "/-|orth|outh|ast|est|entral/", "")}" # global, so with its region
  description          = "Ends the maintenance of ${var.name} at its time"
  assume_role_policy   = data.aws_iam_policy_document.maintenance_assume.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "maintenance" {
  name   = "end"
  role   = aws_iam_role.maintenance.id
  policy = data.aws_iam_policy_document.maintenance_end.json
}

data "aws_iam_policy_document" "maintenance_assume" {
  statement {
    sid     = "SchedulesOfThisGroup"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = ["arn:${data.aws_partition.current.partition}:scheduler:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:schedule-group/${var.name}-maintenance"]
    }
  }
}

data "aws_iam_policy_document" "maintenance_end" {
  statement {
    sid       = "EmptyThisList"
    actions   = ["wafv2:UpdateIPSet"]
    resources = [aws_wafv2_ip_set.maintenance.arn]
  }
}
