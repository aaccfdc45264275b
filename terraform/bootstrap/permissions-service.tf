data "aws_iam_policy_document" "apply_service" {
  for_each = local.environments

  source_policy_documents = [data.aws_iam_policy_document.tagged["${each.key}-apply-service"].json]

  statement {
    sid = "ChangeOwnService"
    actions = [
      "ecs:CreateCluster", "ecs:CreateService", "ecs:DeleteCluster", "ecs:DeleteService",
      "ecs:PutClusterCapacityProviders", "ecs:TagResource", "ecs:UntagResource", "ecs:UpdateCluster",
      "ecs:UpdateClusterSettings", "ecs:UpdateService",
    ]
    resources = [for name in ["cluster/${var.project}-${each.key}", "service/${var.project}-${each.key}/*"] :
      "arn:${local.partition}:ecs:*:${local.account}:${name}"
    ]
  }

  statement {
    sid       = "TagOwnTasks"
    actions   = ["ecs:TagResource"]
    resources = ["arn:${local.partition}:ecs:*:${local.account}:task-definition/${var.project}-${each.key}:*"]
  }

  # AWS offers no resource for it; an inactive definition keeps running tasks running.
  statement {
    sid       = "RetireTasks"
    actions   = ["ecs:DeregisterTaskDefinition"]
    resources = ["*"]
  }

  # A release probes what it has applied, with the same role: the tasks, and the log line of a request that it sends.
  statement {
    sid     = "ProbeOwn"
    actions = ["ecs:DescribeTasks", "logs:FilterLogEvents"]
    resources = [for name in ["ecs:*:%s:task/%s/*", "logs:*:%s:log-group:/%s/api", "logs:*:%s:log-group:/%s/api:*"] :
      "arn:${local.partition}:${format(name, local.account, "${var.project}-${each.key}")}"
    ]
  }

  # By a cluster, AWS narrows this action with a condition only.
  statement {
    sid       = "FindTasksOfThisCluster"
    actions   = ["ecs:ListTasks"]
    resources = ["*"]

    condition {
      test     = "ArnLike"
      variable = "ecs:cluster"
      values   = ["arn:${local.partition}:ecs:*:${local.account}:cluster/${var.project}-${each.key}"]
    }
  }

  # A destroy ends with a list of what AWS still keeps, and until when. AWS narrows neither action to a resource.
  dynamic "statement" {
    for_each = each.key == "prod" ? [] : ["destroyed"]

    content {
      sid       = "TellWhatIsLeft"
      actions   = ["kms:ListKeys", "secretsmanager:ListSecrets"]
      resources = ["*"]
    }
  }

  # A deployed image says so by a tag, which keeps it from being expired; a layer can't be added.
  statement {
    sid       = "TagDeployedImage"
    actions   = ["ecr:PutImage"]
    resources = [aws_ecr_repository.service.arn]
  }

  statement {
    sid = "ChangeOwnSecrets"
    actions = [
      "secretsmanager:CreateSecret", "secretsmanager:DeleteSecret", "secretsmanager:GetSecretValue",
      "secretsmanager:PutSecretValue", "secretsmanager:TagResource", "secretsmanager:UntagResource",
      "secretsmanager:UpdateSecret", "secretsmanager:UpdateSecretVersionStage",
    ]
    resources = ["arn:${local.partition}:secretsmanager:*:${local.account}:secret:${var.project}-${each.key}/*"]
  }

  # Nothing lets the pipeline call it.
  statement {
    sid = "ChangeLookFromOutside"
    actions = [
      "lambda:AddPermission", "lambda:CreateFunction", "lambda:DeleteFunction", "lambda:RemovePermission",
      "lambda:TagResource", "lambda:UntagResource", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration",
    ]
    resources = ["arn:${local.partition}:lambda:*:${local.account}:function:${var.project}-${each.key}-outside"]
  }

  # Of the schedules that end maintenance; those in it are made by whoever turns maintenance on, and go with the group.
  statement {
    sid = "ChangeOwnScheduleGroup"
    actions = [
      "scheduler:CreateScheduleGroup", "scheduler:DeleteSchedule", "scheduler:DeleteScheduleGroup",
      "scheduler:TagResource", "scheduler:UntagResource",
    ]
    resources = [for name in ["schedule-group/%s", "schedule/%s/*"] :
      "arn:${local.partition}:scheduler:*:${local.account}:${format(name, "${var.project}-${each.key}-maintenance")}"
    ]
  }

  # The two kinds of harm that a template here may name. Nothing lets the pipeline start one.
  statement {
    sid       = "NameHarm"
    actions   = ["fis:CreateExperimentTemplate", "fis:UpdateExperimentTemplate"]
    resources = [for action in ["aws:ecs:stop-task", "aws:network:disrupt-connectivity"] : "arn:${local.partition}:fis:*:${local.account}:action/${action}"]
  }
}
