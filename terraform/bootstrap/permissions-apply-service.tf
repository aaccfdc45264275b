data "aws_iam_policy_document" "apply_service" {
  for_each = local.environments

  statement {
    sid = "ChangeOwnService"
    actions = [
      "ecs:CreateCluster",
      "ecs:CreateService",
      "ecs:DeleteCluster",
      "ecs:DeleteService",
      "ecs:PutClusterCapacityProviders",
      "ecs:TagResource",
      "ecs:UntagResource",
      "ecs:UpdateCluster",
      "ecs:UpdateClusterSettings",
      "ecs:UpdateService",
    ]
    resources = [
      "arn:${local.partition}:ecs:*:${local.account}:cluster/${var.project}-${each.key}",
      "arn:${local.partition}:ecs:*:${local.account}:cluster/${var.project}-${each.key}-*",
      "arn:${local.partition}:ecs:*:${local.account}:service/${var.project}-${each.key}/*",
      "arn:${local.partition}:ecs:*:${local.account}:service/${var.project}-${each.key}-*/*",
    ]
  }

  statement {
    sid = "RegisterOwnTasks"
    actions = [
      "ecs:RegisterTaskDefinition",
      "ecs:TagResource",
    ]
    resources = [
      "arn:${local.partition}:ecs:*:${local.account}:task-definition/${var.project}-${each.key}:*",
      "arn:${local.partition}:ecs:*:${local.account}:task-definition/${var.project}-${each.key}-*:*",
    ]
  }

  # The action takes no resource; an inactive definition keeps running tasks running.
  statement {
    sid = "RetireTasks"
    actions = [
      "ecs:DeregisterTaskDefinition",
    ]
    resources = ["*"]
  }

  statement {
    sid = "ScaleOwnService"
    actions = [
      "application-autoscaling:DeleteScalingPolicy",
      "application-autoscaling:DeleteScheduledAction",
      "application-autoscaling:DeregisterScalableTarget",
      "application-autoscaling:PutScalingPolicy",
      "application-autoscaling:PutScheduledAction",
      "application-autoscaling:RegisterScalableTarget",
      "application-autoscaling:TagResource",
      "application-autoscaling:UntagResource",
    ]
    resources = ["arn:${local.partition}:application-autoscaling:*:${local.account}:scalable-target/*"]

    condition {
      test     = "StringEqualsIfExists"
      variable = "application-autoscaling:service-namespace"
      values   = ["ecs"]
    }
  }

  # A deployed image says so by a tag, which keeps it from being expired; a layer can't be added.
  statement {
    sid = "TagDeployedImage"
    actions = [
      "ecr:PutImage",
    ]
    resources = [aws_ecr_repository.service.arn]
  }

  statement {
    sid = "ChangeOwnSecrets"
    actions = [
      "secretsmanager:CreateSecret",
      "secretsmanager:DeleteResourcePolicy",
      "secretsmanager:DeleteSecret",
      "secretsmanager:GetSecretValue",
      "secretsmanager:PutResourcePolicy",
      "secretsmanager:PutSecretValue",
      "secretsmanager:TagResource",
      "secretsmanager:UntagResource",
      "secretsmanager:UpdateSecret",
      "secretsmanager:UpdateSecretVersionStage",
    ]
    resources = [
      "arn:${local.partition}:secretsmanager:*:${local.account}:secret:${var.project}-${each.key}-*",
      "arn:${local.partition}:secretsmanager:*:${local.account}:secret:${var.project}-${each.key}/*",
    ]
  }

  # A new secret is made by AWS itself, so that neither plan nor state ever holds it.
  statement {
    sid       = "MakeUpSecrets"
    actions   = ["secretsmanager:GetRandomPassword"]
    resources = ["*"]
  }
}
