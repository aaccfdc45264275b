# Experiments on what runs in the account: a task is lost, or the subnets of a zone. Nothing starts them but a person; an
# error budget that burns as fast as a page demands stops them, and they end by themselves.

locals {
  experiments = toset(coalesce(var.experiments, var.environment != "prod") ? ["main"] : [])
}

resource "aws_fis_experiment_template" "task_lost" {
  for_each = local.experiments

  description = "A task of ${local.name} is stopped"
  role_arn    = aws_iam_role.experiments[each.key].arn

  action {
    name      = "stop-task"
    action_id = "aws:ecs:stop-task"

    target {
      key   = "Tasks"
      value = "task"
    }
  }

  target {
    name           = "task"
    resource_type  = "aws:ecs:task"
    selection_mode = "COUNT(1)"

    parameters = {
      cluster = module.cluster.name
      service = module.service.name
    }
  }

  dynamic "stop_condition" {
    for_each = module.observability.fast_burn_alarm_arns

    content {
      source = "aws:cloudwatch:alarm"
      value  = stop_condition.value
    }
  }

  tags = { Name = "${local.name}-task-lost" }
}

resource "aws_fis_experiment_template" "zone_lost" {
  for_each = { for index, zone in local.zones : zone => index if length(local.experiments) > 0 }

  description = "${each.key} is lost to ${local.name}: nothing reaches its subnets for five minutes, nor leaves them"
  role_arn    = aws_iam_role.experiments["main"].arn

  action {
    name      = "cut-subnets"
    action_id = "aws:network:disrupt-connectivity"

    parameter {
      key   = "duration"
      value = "PT5M"
    }

    parameter {
      key   = "scope"
      value = "all"
    }

    target {
      key   = "Subnets"
      value = "zone"
    }
  }

  target {
    name           = "zone"
    resource_type  = "aws:ec2:subnet"
    selection_mode = "ALL"
    resource_arns  = [module.vpc.private_subnet_arns[each.value], module.vpc.public_subnet_arns[each.value], module.vpc.intra_subnet_arns[each.value]]
  }

  dynamic "stop_condition" {
    for_each = module.observability.fast_burn_alarm_arns

    content {
      source = "aws:cloudwatch:alarm"
      value  = stop_condition.value
    }
  }

  tags = { Name = "${local.name}-zone-lost-${each.key}" }
}

resource "aws_iam_role" "experiments" {
  for_each = local.experiments

  name                 = "${local.name}-experiments-${local.region_code}"
  description          = "What experiments on ${local.name} may do"
  assume_role_policy   = data.aws_iam_policy_document.assume["experiments"].json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "experiments" {
  for_each = local.experiments

  name   = "harm"
  role   = aws_iam_role.experiments[each.key].id
  policy = data.aws_iam_policy_document.experiments.json
}

data "aws_iam_policy_document" "experiments" {
  statement {
    sid       = "StopTasksOfThisCluster"
    actions   = ["ecs:DescribeTasks", "ecs:StopTask"]
    resources = ["arn:${data.aws_partition.current.partition}:ecs:${var.region}:${data.aws_caller_identity.current.account_id}:task/${local.name}/*"]
  }

  # Names container instances, of which there are none here, so the cluster is a condition.
  statement {
    sid       = "FindTasksOfThisCluster"
    actions   = ["ecs:ListTasks"]
    resources = ["*"]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [module.cluster.arn]
    }
  }

  # A zone is cut off by a network ACL that is made for it, and taken back by the one that was there.
  statement {
    sid       = "MakeNetworkAclsOfExperiments"
    actions   = ["ec2:CreateNetworkAcl"]
    resources = ["arn:${data.aws_partition.current.partition}:ec2:${var.region}:${data.aws_caller_identity.current.account_id}:network-acl/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/managedByFIS"
      values   = ["true"]
    }
  }

  statement {
    sid       = "TagNetworkAclsOfExperiments"
    actions   = ["ec2:CreateTags"]
    resources = ["arn:${data.aws_partition.current.partition}:ec2:${var.region}:${data.aws_caller_identity.current.account_id}:network-acl/*"]

    condition {
      test     = "StringEquals"
      variable = "ec2:CreateAction"
      values   = ["CreateNetworkAcl"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/managedByFIS"
      values   = ["true"]
    }
  }

  statement {
    sid       = "InThisNetwork"
    actions   = ["ec2:CreateNetworkAcl"]
    resources = [module.vpc.vpc_arn]
  }

  statement {
    sid       = "ChangeNetworkAclsOfExperiments"
    actions   = ["ec2:CreateNetworkAclEntry", "ec2:DeleteNetworkAcl"]
    resources = ["arn:${data.aws_partition.current.partition}:ec2:${var.region}:${data.aws_caller_identity.current.account_id}:network-acl/*"]

    condition {
      test     = "StringEquals"
      variable = "ec2:ResourceTag/managedByFIS"
      values   = ["true"]
    }
  }

  statement {
    sid       = "CutOffTheseSubnets"
    actions   = ["ec2:ReplaceNetworkAclAssociation"]
    resources = concat(module.vpc.private_subnet_arns, module.vpc.public_subnet_arns, module.vpc.intra_subnet_arns)
  }

  statement {
    sid       = "ByNetworkAclsOfThisNetwork"
    actions   = ["ec2:ReplaceNetworkAclAssociation"]
    resources = ["arn:${data.aws_partition.current.partition}:ec2:${var.region}:${data.aws_caller_identity.current.account_id}:network-acl/*"]

    condition {
      test     = "ArnEquals"
      variable = "ec2:Vpc"
      values   = [module.vpc.vpc_arn]
    }
  }

  # AWS offers no resource for these.
  statement {
    sid       = "LookAround"
    actions   = ["ec2:DescribeManagedPrefixLists", "ec2:DescribeNetworkAcls", "ec2:DescribeSubnets", "ec2:DescribeVpcs"]
    resources = ["*"]
  }
}
