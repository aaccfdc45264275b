# One policy for each concern of the service root, because a policy holds 6,144 characters. What has a name is limited by
# its name, <project>-<environment>…; what AWS names by a random id is limited by the tags that it gets when it is made.

data "aws_iam_policy_document" "apply_network" {
  for_each = local.environments

  statement {
    sid = "CreateTagged"
    actions = [
      "ec2:AllocateAddress",
      "ec2:AuthorizeSecurityGroupEgress",
      "ec2:AuthorizeSecurityGroupIngress",
      "ec2:CreateFlowLogs",
      "ec2:CreateInternetGateway",
      "ec2:CreateNatGateway",
      "ec2:CreateNetworkAcl",
      "ec2:CreateRouteTable",
      "ec2:CreateSecurityGroup",
      "ec2:CreateSubnet",
      "ec2:CreateVpc",
      "ec2:CreateVpcEndpoint",
    ]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/project"
      values   = [var.project]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/environment"
      values   = [each.key]
    }
  }

  statement {
    sid = "ChangeOwn"
    actions = [
      "ec2:AllocateAddress",
      "ec2:AssociateRouteTable",
      "ec2:AttachInternetGateway",
      "ec2:AuthorizeSecurityGroupEgress",
      "ec2:AuthorizeSecurityGroupIngress",
      "ec2:CreateFlowLogs",
      "ec2:CreateInternetGateway",
      "ec2:CreateNatGateway",
      "ec2:CreateNetworkAcl",
      "ec2:CreateRoute",
      "ec2:CreateRouteTable",
      "ec2:CreateSecurityGroup",
      "ec2:CreateSubnet",
      "ec2:CreateTags",
      "ec2:CreateVpc",
      "ec2:CreateVpcEndpoint",
      "ec2:DeleteFlowLogs",
      "ec2:DeleteInternetGateway",
      "ec2:DeleteNatGateway",
      "ec2:DeleteNetworkAcl",
      "ec2:DeleteRoute",
      "ec2:DeleteRouteTable",
      "ec2:DeleteSecurityGroup",
      "ec2:DeleteSubnet",
      "ec2:DeleteTags",
      "ec2:DeleteVpc",
      "ec2:DeleteVpcEndpoints",
      "ec2:DetachInternetGateway",
      "ec2:DisassociateAddress",
      "ec2:DisassociateRouteTable",
      "ec2:ModifySecurityGroupRules",
      "ec2:ModifySubnetAttribute",
      "ec2:ModifyVpcAttribute",
      "ec2:ModifyVpcEndpoint",
      "ec2:ReleaseAddress",
      "ec2:ReplaceRoute",
      "ec2:ReplaceRouteTableAssociation",
      "ec2:RevokeSecurityGroupEgress",
      "ec2:RevokeSecurityGroupIngress",
      "ec2:UpdateSecurityGroupRuleDescriptionsEgress",
      "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
    ]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/project"
      values   = [var.project]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/environment"
      values   = [each.key]
    }
  }

  statement {
    sid = "TagWhatIsCreated"
    actions = [
      "ec2:CreateTags",
    ]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "ec2:CreateAction"
      values = [
        "AllocateAddress", "AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress", "CreateFlowLogs",
        "CreateInternetGateway", "CreateNatGateway", "CreateNetworkAcl", "CreateRouteTable", "CreateSecurityGroup",
        "CreateSubnet", "CreateVpc", "CreateVpcEndpoint",
      ]
    }
  }

  # A new VPC brings a default group, list and route table without tags; closing them means changing them before they
  # carry ours. Whatever carries another project's or environment's tag stays out of reach.
  statement {
    sid = "CloseDefaults"
    actions = [
      "ec2:CreateNetworkAclEntry",
      "ec2:CreateTags",
      "ec2:DeleteNetworkAclEntry",
      "ec2:DeleteRoute",
      "ec2:ReplaceNetworkAclAssociation",
      "ec2:ReplaceNetworkAclEntry",
      "ec2:RevokeSecurityGroupEgress",
      "ec2:RevokeSecurityGroupIngress",
    ]
    resources = [
      "arn:${local.partition}:ec2:*:${local.account}:network-acl/*",
      "arn:${local.partition}:ec2:*:${local.account}:route-table/*",
      "arn:${local.partition}:ec2:*:${local.account}:security-group/*",
      "arn:${local.partition}:ec2:*:${local.account}:subnet/*",
    ]

    condition {
      test     = "StringEqualsIfExists"
      variable = "aws:ResourceTag/project"
      values   = [var.project]
    }

    condition {
      test     = "StringEqualsIfExists"
      variable = "aws:ResourceTag/environment"
      values   = [each.key]
    }
  }
}

data "aws_iam_policy_document" "apply_edge" {
  for_each = local.environments

  statement {
    sid = "ChangeOwnLoadBalancer"
    actions = [
      "elasticloadbalancing:AddListenerCertificates",
      "elasticloadbalancing:AddTags",
      "elasticloadbalancing:AddTrustStoreRevocations",
      "elasticloadbalancing:CreateListener",
      "elasticloadbalancing:CreateLoadBalancer",
      "elasticloadbalancing:CreateRule",
      "elasticloadbalancing:CreateTargetGroup",
      "elasticloadbalancing:CreateTrustStore",
      "elasticloadbalancing:DeleteListener",
      "elasticloadbalancing:DeleteLoadBalancer",
      "elasticloadbalancing:DeleteRule",
      "elasticloadbalancing:DeleteTargetGroup",
      "elasticloadbalancing:DeleteTrustStore",
      "elasticloadbalancing:ModifyListener",
      "elasticloadbalancing:ModifyListenerAttributes",
      "elasticloadbalancing:ModifyLoadBalancerAttributes",
      "elasticloadbalancing:ModifyRule",
      "elasticloadbalancing:ModifyTargetGroup",
      "elasticloadbalancing:ModifyTargetGroupAttributes",
      "elasticloadbalancing:ModifyTrustStore",
      "elasticloadbalancing:RemoveListenerCertificates",
      "elasticloadbalancing:RemoveTags",
      "elasticloadbalancing:SetIpAddressType",
      "elasticloadbalancing:SetRulePriorities",
      "elasticloadbalancing:SetSecurityGroups",
      "elasticloadbalancing:SetSubnets",
      "elasticloadbalancing:SetWebACL",
    ]
    resources = [
      "arn:${local.partition}:elasticloadbalancing:*:${local.account}:loadbalancer/app/${var.project}-${each.key}/*",
      "arn:${local.partition}:elasticloadbalancing:*:${local.account}:loadbalancer/app/${var.project}-${each.key}-*",
      "arn:${local.partition}:elasticloadbalancing:*:${local.account}:listener/app/${var.project}-${each.key}/*",
      "arn:${local.partition}:elasticloadbalancing:*:${local.account}:listener/app/${var.project}-${each.key}-*",
      "arn:${local.partition}:elasticloadbalancing:*:${local.account}:listener-rule/app/${var.project}-${each.key}/*",
      "arn:${local.partition}:elasticloadbalancing:*:${local.account}:listener-rule/app/${var.project}-${each.key}-*",
      "arn:${local.partition}:elasticloadbalancing:*:${local.account}:targetgroup/${var.project}-${each.key}/*",
      "arn:${local.partition}:elasticloadbalancing:*:${local.account}:targetgroup/${var.project}-${each.key}-*",
      "arn:${local.partition}:elasticloadbalancing:*:${local.account}:truststore/${var.project}-${each.key}/*",
      "arn:${local.partition}:elasticloadbalancing:*:${local.account}:truststore/${var.project}-${each.key}-*",
    ]
  }

  statement {
    sid = "ChangeOwnFirewall"
    actions = [
      "wafv2:AssociateWebACL",
      "wafv2:CreateIPSet",
      "wafv2:CreateWebACL",
      "wafv2:DeleteIPSet",
      "wafv2:DeleteLoggingConfiguration",
      "wafv2:DeleteWebACL",
      "wafv2:DisassociateWebACL",
      "wafv2:PutLoggingConfiguration",
      "wafv2:TagResource",
      "wafv2:UntagResource",
      "wafv2:UpdateIPSet",
      "wafv2:UpdateWebACL",
    ]
    resources = [
      "arn:${local.partition}:wafv2:*:${local.account}:regional/webacl/${var.project}-${each.key}/*",
      "arn:${local.partition}:wafv2:*:${local.account}:regional/webacl/${var.project}-${each.key}-*",
      "arn:${local.partition}:wafv2:*:${local.account}:regional/ipset/${var.project}-${each.key}/*",
      "arn:${local.partition}:wafv2:*:${local.account}:regional/ipset/${var.project}-${each.key}-*",
      "arn:${local.partition}:elasticloadbalancing:*:${local.account}:loadbalancer/app/${var.project}-${each.key}/*",
      "arn:${local.partition}:elasticloadbalancing:*:${local.account}:loadbalancer/app/${var.project}-${each.key}-*",
      "arn:${local.partition}:wafv2:*:${local.account}:regional/managedruleset/*/*",
    ]
  }

  statement {
    sid = "RequestCertificate"
    actions = [
      "acm:AddTagsToCertificate",
      "acm:RequestCertificate",
    ]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/project"
      values   = [var.project]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/environment"
      values   = [each.key]
    }
  }

  statement {
    sid = "ChangeOwnCertificate"
    actions = [
      "acm:AddTagsToCertificate",
      "acm:DeleteCertificate",
      "acm:RemoveTagsFromCertificate",
      "acm:UpdateCertificateOptions",
    ]
    resources = ["arn:${local.partition}:acm:*:${local.account}:certificate/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/project"
      values   = [var.project]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/environment"
      values   = [each.key]
    }
  }

  # The zone isn't ours to make; which one it is, the variables of the service say.
  statement {
    sid = "ChangeRecords"
    actions = [
      "route53:ChangeResourceRecordSets",
    ]
    resources = ["arn:${local.partition}:route53:::hostedzone/*"]

    condition {
      test     = "ForAllValues:StringEquals"
      variable = "route53:ChangeResourceRecordSetsRecordTypes"
      values   = ["A", "AAAA", "CNAME"]
    }
  }

  statement {
    sid = "ChangeOwnBuckets"
    actions = [
      "s3:CreateBucket",
      "s3:DeleteBucket",
      "s3:DeleteBucketPolicy",
      "s3:DeleteObject",
      "s3:DeleteObjectVersion",
      "s3:ListBucketVersions",
      "s3:PutBucketAcl",
      "s3:PutBucketLogging",
      "s3:PutBucketOwnershipControls",
      "s3:PutBucketPolicy",
      "s3:PutBucketPublicAccessBlock",
      "s3:PutBucketTagging",
      "s3:PutBucketVersioning",
      "s3:PutEncryptionConfiguration",
      "s3:PutLifecycleConfiguration",
    ]
    resources = [
      "arn:${local.partition}:s3:::${var.project}-${each.key}-*",
      "arn:${local.partition}:s3:::${var.project}-${each.key}-*/*",
    ]
  }
}

data "aws_iam_policy_document" "apply_data" {
  for_each = local.environments

  statement {
    sid = "ChangeOwnTables"
    actions = [
      "dynamodb:CreateTable",
      "dynamodb:CreateTableReplica",
      "dynamodb:DeleteTable",
      "dynamodb:DeleteTableReplica",
      "dynamodb:TagResource",
      "dynamodb:UntagResource",
      "dynamodb:UpdateContinuousBackups",
      "dynamodb:UpdateContributorInsights",
      "dynamodb:UpdateTable",
      "dynamodb:UpdateTimeToLive",
    ]
    resources = [
      "arn:${local.partition}:dynamodb:*:${local.account}:table/${var.project}-${each.key}",
      "arn:${local.partition}:dynamodb:*:${local.account}:table/${var.project}-${each.key}-*",
    ]
  }

  # Copying a table into a replica region is done in the caller's name; within one region nothing here reads an item.
  statement {
    sid = "FillReplicas"
    actions = [
      "dynamodb:BatchWriteItem",
      "dynamodb:DeleteItem",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "dynamodb:Scan",
      "dynamodb:UpdateItem",
    ]
    resources = [
      "arn:${local.partition}:dynamodb:*:${local.account}:table/${var.project}-${each.key}",
      "arn:${local.partition}:dynamodb:*:${local.account}:table/${var.project}-${each.key}-*",
    ]

    condition {
      test     = "ForAnyValue:StringEquals"
      variable = "aws:CalledVia"
      values   = ["dynamodb.amazonaws.com"]
    }
  }

  statement {
    sid = "CreateTaggedKeys"
    actions = [
      "kms:CreateKey",
      "kms:TagResource",
    ]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/project"
      values   = [var.project]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/environment"
      values   = [each.key]
    }
  }

  statement {
    sid = "ChangeOwnKeys"
    actions = [
      "kms:CancelKeyDeletion",
      "kms:CreateAlias",
      "kms:DeleteAlias",
      "kms:EnableKey",
      "kms:EnableKeyRotation",
      "kms:PutKeyPolicy",
      "kms:ReplicateKey",
      "kms:ScheduleKeyDeletion",
      "kms:TagResource",
      "kms:UntagResource",
      "kms:UpdateAlias",
      "kms:UpdateKeyDescription",
    ]
    resources = ["arn:${local.partition}:kms:*:${local.account}:key/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/project"
      values   = [var.project]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/environment"
      values   = [each.key]
    }
  }

  statement {
    sid = "NameOwnKeys"
    actions = [
      "kms:CreateAlias",
      "kms:DeleteAlias",
      "kms:UpdateAlias",
    ]
    resources = [
      "arn:${local.partition}:kms:*:${local.account}:alias/${var.project}-${each.key}",
      "arn:${local.partition}:kms:*:${local.account}:alias/${var.project}-${each.key}-*",
    ]
  }

  # To make an encrypted table, vault, topic or secret, its maker lends the service the key.
  statement {
    sid = "LendOwnKeys"
    actions = [
      "kms:CreateGrant",
      "kms:Decrypt",
      "kms:Encrypt",
      "kms:GenerateDataKey",
      "kms:GenerateDataKeyWithoutPlaintext",
      "kms:ReEncryptFrom",
      "kms:ReEncryptTo",
      "kms:RetireGrant",
    ]
    resources = ["arn:${local.partition}:kms:*:${local.account}:key/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/project"
      values   = [var.project]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/environment"
      values   = [each.key]
    }

    condition {
      test     = "StringLike"
      variable = "kms:ViaService"
      values = [
        "aps.*.amazonaws.com", "backup.*.amazonaws.com", "dynamodb.*.amazonaws.com", "secretsmanager.*.amazonaws.com",
        "sns.*.amazonaws.com", "ssm.*.amazonaws.com",
      ]
    }
  }

  statement {
    sid = "ChangeOwnBackups"
    actions = [
      "backup:CreateBackupPlan",
      "backup:CreateBackupSelection",
      "backup:CreateBackupVault",
      "backup:DeleteBackupPlan",
      "backup:DeleteBackupSelection",
      "backup:DeleteBackupVault",
      "backup:DeleteBackupVaultLockConfiguration",
      "backup:PutBackupVaultLockConfiguration",
      "backup:TagResource",
      "backup:UntagResource",
      "backup:UpdateBackupPlan",
    ]
    resources = [
      "arn:${local.partition}:backup:*:${local.account}:backup-vault:${var.project}-${each.key}",
      "arn:${local.partition}:backup:*:${local.account}:backup-vault:${var.project}-${each.key}-*",
      "arn:${local.partition}:backup:*:${local.account}:backup-plan:*",
    ]
  }

  statement {
    sid = "StoreBackups"
    actions = [
      "backup-storage:MountCapsule",
    ]
    resources = ["*"]
  }
}

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

data "aws_iam_policy_document" "apply_identity" {
  for_each = local.environments

  # A role of ours has our boundary, or isn't made.
  statement {
    sid = "CreateBoundedRoles"
    actions = [
      "iam:CreateRole",
      "iam:PutRolePermissionsBoundary",
    ]
    resources = [
      "arn:${local.partition}:iam::${local.account}:role/${var.project}-${each.key}",
      "arn:${local.partition}:iam::${local.account}:role/${var.project}-${each.key}-*",
    ]

    condition {
      test     = "StringEquals"
      variable = "iam:PermissionsBoundary"
      values   = [aws_iam_policy.workload_boundary.arn]
    }
  }

  statement {
    sid = "ChangeOwnRoles"
    actions = [
      "iam:DeleteRole",
      "iam:DeleteRolePolicy",
      "iam:PutRolePolicy",
      "iam:TagRole",
      "iam:UntagRole",
      "iam:UpdateAssumeRolePolicy",
      "iam:UpdateRole",
      "iam:UpdateRoleDescription",
    ]
    resources = [
      "arn:${local.partition}:iam::${local.account}:role/${var.project}-${each.key}",
      "arn:${local.partition}:iam::${local.account}:role/${var.project}-${each.key}-*",
    ]
  }

  statement {
    sid = "ChangeOwnPolicies"
    actions = [
      "iam:CreatePolicy",
      "iam:CreatePolicyVersion",
      "iam:DeletePolicy",
      "iam:DeletePolicyVersion",
      "iam:SetDefaultPolicyVersion",
      "iam:TagPolicy",
      "iam:UntagPolicy",
    ]
    resources = [
      "arn:${local.partition}:iam::${local.account}:policy/${var.project}-${each.key}",
      "arn:${local.partition}:iam::${local.account}:policy/${var.project}-${each.key}-*",
    ]
  }

  statement {
    sid = "AttachKnownPolicies"
    actions = [
      "iam:AttachRolePolicy",
      "iam:DetachRolePolicy",
    ]
    resources = [
      "arn:${local.partition}:iam::${local.account}:role/${var.project}-${each.key}",
      "arn:${local.partition}:iam::${local.account}:role/${var.project}-${each.key}-*",
    ]

    condition {
      test     = "ArnLike"
      variable = "iam:PolicyARN"
      values = [
        "arn:${local.partition}:iam::${local.account}:policy/${var.project}-${each.key}",
        "arn:${local.partition}:iam::${local.account}:policy/${var.project}-${each.key}-*",
        "arn:${local.partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy",
      ]
    }
  }

  statement {
    sid = "HandRolesToTheirServices"
    actions = [
      "iam:PassRole",
    ]
    resources = [
      "arn:${local.partition}:iam::${local.account}:role/${var.project}-${each.key}",
      "arn:${local.partition}:iam::${local.account}:role/${var.project}-${each.key}-*",
    ]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values = [
        "backup.amazonaws.com", "ecs-tasks.amazonaws.com", "ecs.amazonaws.com", "events.amazonaws.com", "fis.amazonaws.com",
        "vpc-flow-logs.amazonaws.com",
      ]
    }
  }

  statement {
    sid = "CreateServiceLinkedRoles"
    actions = [
      "iam:CreateServiceLinkedRole",
    ]
    resources = ["arn:${local.partition}:iam::${local.account}:role/aws-service-role/*"]

    condition {
      test     = "StringEquals"
      variable = "iam:AWSServiceName"
      values = [
        "backup.amazonaws.com", "ecs.amazonaws.com", "ecs.application-autoscaling.amazonaws.com",
        "elasticloadbalancing.amazonaws.com", "replication.dynamodb.amazonaws.com", "wafv2.amazonaws.com",
      ]
    }
  }

  statement {
    sid = "CreateTaggedUserPool"
    actions = [
      "cognito-idp:CreateUserPool",
      "cognito-idp:TagResource",
    ]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/project"
      values   = [var.project]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/environment"
      values   = [each.key]
    }
  }

  statement {
    sid = "ChangeOwnUserPool"
    actions = [
      "cognito-idp:CreateResourceServer",
      "cognito-idp:CreateUserPoolClient",
      "cognito-idp:CreateUserPoolDomain",
      "cognito-idp:DeleteResourceServer",
      "cognito-idp:DeleteUserPool",
      "cognito-idp:DeleteUserPoolClient",
      "cognito-idp:DeleteUserPoolDomain",
      "cognito-idp:SetUserPoolMfaConfig",
      "cognito-idp:TagResource",
      "cognito-idp:UntagResource",
      "cognito-idp:UpdateResourceServer",
      "cognito-idp:UpdateUserPool",
      "cognito-idp:UpdateUserPoolClient",
      "cognito-idp:UpdateUserPoolDomain",
    ]
    resources = ["arn:${local.partition}:cognito-idp:*:${local.account}:userpool/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/project"
      values   = [var.project]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/environment"
      values   = [each.key]
    }
  }
}

data "aws_iam_policy_document" "apply_watch" {
  for_each = local.environments

  statement {
    sid = "ChangeOwnLogs"
    actions = [
      "logs:AssociateKmsKey",
      "logs:CreateLogGroup",
      "logs:DeleteLogGroup",
      "logs:DeleteMetricFilter",
      "logs:DeleteRetentionPolicy",
      "logs:DisassociateKmsKey",
      "logs:PutMetricFilter",
      "logs:PutRetentionPolicy",
      "logs:TagResource",
      "logs:UntagResource",
    ]
    resources = [
      "arn:${local.partition}:logs:*:${local.account}:log-group:${var.project}-${each.key}*",
      "arn:${local.partition}:logs:*:${local.account}:log-group:aws-waf-logs-${var.project}-${each.key}*",
      "arn:${local.partition}:logs:*:${local.account}:log-group:/${var.project}-${each.key}*",
      "arn:${local.partition}:logs:*:${local.account}:log-group:/aws/ecs/containerinsights/${var.project}-${each.key}*",
    ]
  }

  # Neither takes a resource: a saved query reads nothing by itself, and deliveries are how AWS WAF gets its log.
  statement {
    sid = "DeliverLogs"
    actions = [
      "logs:CreateLogAnomalyDetector",
      "logs:CreateLogDelivery",
      "logs:DeleteLogAnomalyDetector",
      "logs:DeleteLogDelivery",
      "logs:DeleteQueryDefinition",
      "logs:DeleteResourcePolicy",
      "logs:GetLogDelivery",
      "logs:ListLogDeliveries",
      "logs:PutQueryDefinition",
      "logs:PutResourcePolicy",
      "logs:UpdateLogAnomalyDetector",
      "logs:UpdateLogDelivery",
    ]
    resources = ["*"]
  }

  statement {
    sid = "ChangeOwnAlarms"
    actions = [
      "cloudwatch:DeleteAlarms",
      "cloudwatch:DeleteDashboards",
      "cloudwatch:PutCompositeAlarm",
      "cloudwatch:PutDashboard",
      "cloudwatch:PutMetricAlarm",
      "cloudwatch:TagResource",
      "cloudwatch:UntagResource",
    ]
    resources = [
      "arn:${local.partition}:cloudwatch:*:${local.account}:alarm:${var.project}-${each.key}*",
      "arn:${local.partition}:cloudwatch::${local.account}:dashboard/${var.project}-${each.key}*",
    ]
  }

  statement {
    sid = "ChangeOwnTopics"
    actions = [
      "sns:CreateTopic",
      "sns:DeleteTopic",
      "sns:SetTopicAttributes",
      "sns:Subscribe",
      "sns:TagResource",
      "sns:Unsubscribe",
      "sns:UntagResource",
    ]
    resources = ["arn:${local.partition}:sns:*:${local.account}:${var.project}-${each.key}*"]
  }

  statement {
    sid = "ChangeOwnEvents"
    actions = [
      "events:DeleteRule",
      "events:DisableRule",
      "events:EnableRule",
      "events:PutRule",
      "events:PutTargets",
      "events:RemoveTargets",
      "events:TagResource",
      "events:UntagResource",
    ]
    resources = ["arn:${local.partition}:events:*:${local.account}:rule/${var.project}-${each.key}*"]
  }

  statement {
    sid = "CreateTaggedWorkspace"
    actions = [
      "aps:CreateWorkspace",
      "aps:TagResource",
      "fis:CreateExperimentTemplate",
      "fis:TagResource",
    ]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/project"
      values   = [var.project]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/environment"
      values   = [each.key]
    }
  }

  statement {
    sid = "ChangeOwnWorkspace"
    actions = [
      "aps:CreateAlertManagerDefinition",
      "aps:CreateLoggingConfiguration",
      "aps:CreateRuleGroupsNamespace",
      "aps:DeleteAlertManagerDefinition",
      "aps:DeleteLoggingConfiguration",
      "aps:DeleteRuleGroupsNamespace",
      "aps:DeleteWorkspace",
      "aps:PutAlertManagerDefinition",
      "aps:PutRuleGroupsNamespace",
      "aps:TagResource",
      "aps:UntagResource",
      "aps:UpdateLoggingConfiguration",
      "aps:UpdateWorkspaceAlias",
      "fis:CreateExperimentTemplate",
      "fis:DeleteExperimentTemplate",
      "fis:TagResource",
      "fis:UntagResource",
      "fis:UpdateExperimentTemplate",
    ]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/project"
      values   = [var.project]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/environment"
      values   = [each.key]
    }
  }

  statement {
    sid = "ChangeOwnBudgetsAndTraces"
    actions = [
      "budgets:ModifyBudget",
      "budgets:TagResource",
      "budgets:UntagResource",
      "xray:CreateGroup",
      "xray:CreateSamplingRule",
      "xray:DeleteGroup",
      "xray:DeleteSamplingRule",
      "xray:TagResource",
      "xray:UntagResource",
      "xray:UpdateGroup",
      "xray:UpdateSamplingRule",
    ]
    resources = [
      "arn:${local.partition}:budgets::${local.account}:budget/${var.project}-${each.key}*",
      "arn:${local.partition}:xray:*:${local.account}:group/${var.project}-${each.key}*",
      "arn:${local.partition}:xray:*:${local.account}:sampling-rule/${var.project}-${each.key}*",
    ]
  }
}
