# What AWS names by a random id is limited by the tags that it gets when it is made; what has a name, by its name (in the
# file of its policy). Each statement by tags is an entry of the table below, and this is the one place that writes the tags.

locals {
  # By `tags` of an entry: which tags name the project and the environment, and how they are compared. Whoever may write a
  # tag must not come to what the tag opens: a right to write tags is limited by the tags that are there, too (…IfExists:
  # none are on a thing that is just being made).
  tag_tests = {
    # Making what gets its tags by a right of their own, as in EC2.
    of_new = { RequestTag = "StringEquals" }
    # Making, by an action or beside one that also writes the tags of what exists.
    of_new_or_own    = { RequestTag = "StringEquals", ResourceTag = "StringEqualsIfExists" }
    of_own           = { ResourceTag = "StringEquals" }
    of_own_or_no_one = { ResourceTag = "StringEqualsIfExists" }
  }

  # By environment, policy and sid. Any further attribute is one more condition.
  tagged = { for name, environment in local.environments : name => {
    plan-own = {
      # A client of a user pool is described with its secret, an alert manager with the addresses that it calls.
      ReadOwnByTag = {
        tags = "of_own"
        actions = [
          "aps:DescribeAlertManagerDefinition", "aps:DescribeLoggingConfiguration", "aps:DescribeRuleGroupsNamespace",
          "aps:DescribeWorkspace", "aps:ListTagsForResource", "backup:GetBackupPlan", "backup:GetBackupSelection",
          "backup:ListTags", "cognito-idp:DescribeResourceServer", "cognito-idp:DescribeUserPool",
          "cognito-idp:DescribeUserPoolClient", "cognito-idp:GetUserPoolMfaConfig", "cognito-idp:GetWebACLForResource",
          "cognito-idp:ListTagsForResource", "fis:GetExperimentTemplate", "fis:ListTagsForResource",
        ]
        resources = [
          "aps:*:${local.account}:rulegroupsnamespace/*", "aps:*:${local.account}:workspace/*", "backup:*:${local.account}:backup-plan:*",
          "cognito-idp:*:${local.account}:userpool/*", "fis:*:${local.account}:experiment-template/*",
        ]
      }
      OpenOwnSecrets = {
        tags      = "of_own"
        actions   = ["kms:Decrypt"]
        resources = ["kms:*:${local.account}:key/*"]
        through   = { test = "StringEquals", variable = "kms:ViaService", values = ["secretsmanager.${var.region}.amazonaws.com"] }
      }
    }

    apply-network = {
      # By new thing, so that no entry's types hold what an action of it puts the new thing into: a parent goes by its own
      # tags (ChangeOwn), whatever tags the request brings.
      CreateVpc = {
        tags      = "of_new"
        actions   = ["ec2:AllocateAddress", "ec2:CreateInternetGateway", "ec2:CreateVpc"]
        resources = [for type in ["elastic-ip", "internet-gateway", "vpc"] : "ec2:*:${local.account}:${type}/*"]
      }
      CreateInVpc = {
        tags      = "of_new"
        actions   = ["ec2:CreateNetworkAcl", "ec2:CreateRouteTable", "ec2:CreateSecurityGroup", "ec2:CreateSubnet"]
        resources = [for type in ["network-acl", "route-table", "security-group", "subnet"] : "ec2:*:${local.account}:${type}/*"]
      }
      CreateInSubnets = {
        tags      = "of_new"
        actions   = ["ec2:CreateNatGateway", "ec2:CreateTransitGatewayVpcAttachment", "ec2:CreateVpcEndpoint"]
        resources = [for type in ["natgateway", "transit-gateway-attachment", "vpc-endpoint"] : "ec2:*:${local.account}:${type}/*"]
      }
      CreateRulesAndLogs = {
        tags      = "of_new"
        actions   = ["ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress", "ec2:CreateFlowLogs"]
        resources = [for type in ["security-group-rule", "vpc-flow-log"] : "ec2:*:${local.account}:${type}/*"]
      }
      TagWhatIsCreated = {
        tags      = "of_new"
        actions   = ["ec2:CreateTags"]
        resources = ["*"]
        within = { test = "StringEquals", variable = "ec2:CreateAction", values = [
          "AllocateAddress", "AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress", "CreateFlowLogs",
          "CreateInternetGateway", "CreateNatGateway", "CreateNetworkAcl", "CreateRouteTable", "CreateSecurityGroup",
          "CreateSubnet", "CreateTransitGatewayVpcAttachment", "CreateVpc", "CreateVpcEndpoint",
        ] }
      }
      ChangeOwn = {
        tags = "of_own"
        actions = [
          "ec2:AllocateAddress", "ec2:AssociateRouteTable", "ec2:AttachInternetGateway",
          "ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress", "ec2:CreateFlowLogs",
          "ec2:CreateNatGateway", "ec2:CreateNetworkAcl", "ec2:CreateNetworkAclEntry", "ec2:CreateRoute",
          "ec2:CreateRouteTable", "ec2:CreateSecurityGroup", "ec2:CreateSubnet", "ec2:CreateTags",
          "ec2:CreateTransitGatewayVpcAttachment", "ec2:CreateVpcEndpoint", "ec2:DeleteFlowLogs",
          "ec2:DeleteInternetGateway", "ec2:DeleteNatGateway", "ec2:DeleteNetworkAcl", "ec2:DeleteNetworkAclEntry",
          "ec2:DeleteRoute", "ec2:DeleteRouteTable", "ec2:DeleteSecurityGroup", "ec2:DeleteSubnet", "ec2:DeleteTags",
          "ec2:DeleteTransitGatewayVpcAttachment", "ec2:DeleteVpc", "ec2:DeleteVpcEndpoints",
          "ec2:DetachInternetGateway", "ec2:DisassociateAddress", "ec2:DisassociateRouteTable",
          "ec2:ModifySecurityGroupRules", "ec2:ModifySubnetAttribute", "ec2:ModifyTransitGatewayVpcAttachment",
          "ec2:ModifyVpcAttribute", "ec2:ModifyVpcEndpoint", "ec2:ReleaseAddress", "ec2:ReplaceNetworkAclAssociation",
          "ec2:ReplaceNetworkAclEntry", "ec2:ReplaceRoute", "ec2:ReplaceRouteTableAssociation",
          "ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress",
          "ec2:UpdateSecurityGroupRuleDescriptionsEgress", "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
        ]
        resources = ["*"]
      }
      # A new VPC brings a default group, list and route table without tags; closing them means changing them before they
      # carry ours. Once the VPC is known (`vpc_id`), this is for its own defaults only; before, the account must hold no
      # network of others that nobody tagged.
      CloseDefaults = {
        tags = "of_own_or_no_one"
        actions = [
          "ec2:CreateNetworkAclEntry", "ec2:CreateTags", "ec2:DeleteNetworkAclEntry", "ec2:DeleteRoute",
          "ec2:ReplaceNetworkAclAssociation", "ec2:ReplaceNetworkAclEntry", "ec2:RevokeSecurityGroupEgress",
          "ec2:RevokeSecurityGroupIngress",
        ]
        resources = [for type in ["network-acl", "route-table", "security-group"] : "ec2:*:${local.account}:${type}/*"]
        inside = environment.vpc_id == null ? null : {
          test = "ArnLike", variable = "ec2:Vpc", values = ["arn:${local.partition}:ec2:*:${local.account}:vpc/${environment.vpc_id}"]
        }
      }
    }

    apply-edge = {
      # A target group is replaced before the old one goes, so its name is made up: api-<time>.
      CreateTaggedTargetGroup = {
        tags      = "of_new_or_own"
        actions   = ["elasticloadbalancing:AddTags", "elasticloadbalancing:CreateTargetGroup"]
        resources = ["elasticloadbalancing:*:${local.account}:targetgroup/api-*"]
      }
      ChangeOwnTargetGroup = {
        tags = "of_own"
        actions = [
          "elasticloadbalancing:AddTags", "elasticloadbalancing:DeleteTargetGroup",
          "elasticloadbalancing:ModifyTargetGroup", "elasticloadbalancing:ModifyTargetGroupAttributes",
          "elasticloadbalancing:RemoveTags",
        ]
        resources = ["elasticloadbalancing:*:${local.account}:targetgroup/api-*"]
      }
      RequestCertificate = {
        tags      = "of_new_or_own"
        actions   = ["acm:AddTagsToCertificate", "acm:RequestCertificate"]
        resources = ["*"]
      }
      ChangeOwnCertificate = {
        tags = "of_own"
        actions = [
          "acm:AddTagsToCertificate", "acm:DeleteCertificate", "acm:RemoveTagsFromCertificate",
          "acm:UpdateCertificateOptions",
        ]
        resources = ["acm:*:${local.account}:certificate/*"]
      }
    }

    apply-data = {
      CreateTaggedKeys = { tags = "of_new_or_own", actions = ["kms:CreateKey", "kms:TagResource"], resources = ["*"] }
      ChangeOwnKeys = {
        tags = "of_own"
        actions = [
          "kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:DisableKey", "kms:EnableKey",
          "kms:EnableKeyRotation", "kms:PutKeyPolicy", "kms:ReplicateKey", "kms:ScheduleKeyDeletion", "kms:TagResource",
          "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription",
        ]
        resources = ["kms:*:${local.account}:key/*"]
      }
      # To make an encrypted table, vault, topic or secret, its maker lends the service the key.
      LendOwnKeys = {
        tags = "of_own"
        actions = [
          "kms:CreateGrant", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext",
          "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:RetireGrant",
        ]
        resources = ["kms:*:${local.account}:key/*"]
        through = { test = "StringLike", variable = "kms:ViaService", values = [
          for service in ["aps", "backup", "dynamodb", "secretsmanager", "sns"] : "${service}.*.amazonaws.com"
        ] }
      }
      CreateTaggedPlan = {
        tags      = "of_new_or_own"
        actions   = ["backup:CreateBackupPlan", "backup:TagResource"]
        resources = ["backup:*:${local.account}:backup-plan:*"]
      }
      ChangeOwnPlan = {
        tags = "of_own"
        actions = [
          "backup:CreateBackupSelection", "backup:DeleteBackupPlan", "backup:DeleteBackupSelection",
          "backup:TagResource", "backup:UntagResource", "backup:UpdateBackupPlan",
        ]
        resources = ["backup:*:${local.account}:backup-plan:*"]
      }
    }

    apply-service = {
      # One reference knows a definition as its resource, another none: both are satisfied. A service names the revision that it runs.
      RegisterTasks = { tags = "of_new", actions = ["ecs:RegisterTaskDefinition"], resources = ["*"] }
      CreateTaggedTarget = {
        tags      = "of_new_or_own"
        actions   = ["application-autoscaling:RegisterScalableTarget", "application-autoscaling:TagResource"]
        resources = ["application-autoscaling:*:${local.account}:scalable-target/*"]
      }
      ScaleOwnService = {
        tags = "of_own"
        actions = [
          "application-autoscaling:DeleteScalingPolicy", "application-autoscaling:DeleteScheduledAction",
          "application-autoscaling:DeregisterScalableTarget", "application-autoscaling:PutScalingPolicy",
          "application-autoscaling:PutScheduledAction", "application-autoscaling:RegisterScalableTarget",
          "application-autoscaling:TagResource", "application-autoscaling:UntagResource",
        ]
        resources = ["application-autoscaling:*:${local.account}:scalable-target/*"]
      }
      CreateTaggedExperiment = {
        tags      = "of_new_or_own"
        actions   = ["fis:CreateExperimentTemplate", "fis:TagResource"]
        resources = ["fis:*:${local.account}:experiment-template/*"]
      }
      ChangeOwnExperiment = {
        tags      = "of_own"
        actions   = ["fis:DeleteExperimentTemplate", "fis:TagResource", "fis:UntagResource", "fis:UpdateExperimentTemplate"]
        resources = ["fis:*:${local.account}:experiment-template/*"]
      }
    }

    apply-identity = {
      CreateTaggedUserPool = {
        tags      = "of_new_or_own"
        actions   = ["cognito-idp:CreateUserPool", "cognito-idp:TagResource"]
        resources = ["*"]
      }
      ChangeOwnUserPool = {
        tags = "of_own"
        actions = [
          "cognito-idp:AssociateWebACL", "cognito-idp:CreateResourceServer", "cognito-idp:CreateUserPoolClient",
          "cognito-idp:CreateUserPoolDomain", "cognito-idp:DeleteResourceServer", "cognito-idp:DeleteUserPool",
          "cognito-idp:DeleteUserPoolClient", "cognito-idp:DeleteUserPoolDomain", "cognito-idp:DisassociateWebACL",
          "cognito-idp:SetUserPoolMfaConfig", "cognito-idp:TagResource", "cognito-idp:UntagResource",
          "cognito-idp:UpdateResourceServer", "cognito-idp:UpdateUserPool", "cognito-idp:UpdateUserPoolClient",
          "cognito-idp:UpdateUserPoolDomain",
        ]
        resources = ["cognito-idp:*:${local.account}:userpool/*"]
      }
    }

    apply-watch = {
      # By its API text, a right on less than everything creates no composite alarm.
      CreateCompositeAlarms = { tags = "of_new_or_own", actions = ["cloudwatch:PutCompositeAlarm"], resources = ["*"] }
      ChangeCompositeAlarms = { tags = "of_own", actions = ["cloudwatch:PutCompositeAlarm"], resources = ["*"] }
      # A namespace of rules goes by its own tags: AWS offers no limit by those of its workspace.
      CreateTaggedWorkspace = {
        tags      = "of_new_or_own"
        actions   = ["aps:CreateRuleGroupsNamespace", "aps:CreateWorkspace", "aps:TagResource"]
        resources = ["*"]
      }
      ChangeOwnWorkspace = {
        tags = "of_own"
        actions = [
          "aps:CreateAlertManagerDefinition", "aps:CreateLoggingConfiguration", "aps:DeleteAlertManagerDefinition",
          "aps:DeleteLoggingConfiguration", "aps:DeleteRuleGroupsNamespace", "aps:DeleteWorkspace",
          "aps:PutAlertManagerDefinition", "aps:PutRuleGroupsNamespace", "aps:TagResource", "aps:UntagResource",
          "aps:UpdateLoggingConfiguration", "aps:UpdateWorkspaceAlias",
        ]
        resources = ["aps:*:${local.account}:rulegroupsnamespace/*", "aps:*:${local.account}:workspace/*"]
      }
    }

    # Of whoever restores the table.
    restorer = {
      LendTableKey = {
        tags = "of_own"
        actions = [
          "kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom",
          "kms:ReEncryptTo", "kms:RetireGrant",
        ]
        resources = ["kms:*:${local.account}:key/*"]
        through   = { test = "StringLike", variable = "kms:ViaService", values = ["dynamodb.*.amazonaws.com"] }
      }
      RestoreOwnBackups = {
        tags      = "of_own"
        actions   = ["backup:StartRestoreJob"]
        resources = ["backup:*:${local.account}:recovery-point:*"]
      }
    }

    # Of the boundary of the roles that an apply makes.
    workload = {
      UseKeys = {
        tags = "of_own"
        actions = [
          "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext",
          "kms:ReEncryptFrom", "kms:ReEncryptTo",
        ]
        resources = ["kms:*:${local.account}:key/*"]
      }
      SendMetrics = { tags = "of_own", actions = ["aps:RemoteWrite"], resources = ["aps:*:${local.account}:workspace/*"] }
      CutOffOwnSubnets = {
        tags      = "of_own"
        actions   = ["ec2:CreateNetworkAcl", "ec2:ReplaceNetworkAclAssociation"]
        resources = [for type in ["subnet", "vpc"] : "ec2:*:${local.account}:${type}/*"]
      }
      # Those that an experiment makes carry the tags of AWS FIS alone.
      CutOffByNetworkAcls = {
        tags = "of_own_or_no_one"
        actions = [
          "ec2:CreateNetworkAcl", "ec2:CreateNetworkAclEntry", "ec2:CreateTags", "ec2:DeleteNetworkAcl",
          "ec2:ReplaceNetworkAclAssociation",
        ]
        resources = ["ec2:*:${local.account}:network-acl/*"]
      }
    }
  } }
}

data "aws_iam_policy_document" "tagged" {
  for_each = merge([for name, policies in local.tagged : {
    for policy, entries in policies : "${name}-${policy}" => { environment = name, entries = entries }
  }]...)

  dynamic "statement" {
    for_each = each.value.entries

    content {
      sid       = statement.key
      actions   = statement.value.actions
      resources = [for resource in statement.value.resources : resource == "*" ? "*" : "arn:${local.partition}:${resource}"]

      dynamic "condition" {
        for_each = local.tag_tests[statement.value.tags]

        content {
          test     = condition.value
          variable = "aws:${condition.key}/project"
          values   = [var.project]
        }
      }

      dynamic "condition" {
        for_each = local.tag_tests[statement.value.tags]

        content {
          test     = condition.value
          variable = "aws:${condition.key}/environment"
          values   = [each.value.environment]
        }
      }

      dynamic "condition" {
        for_each = [for name, more in statement.value : more if !contains(["actions", "resources", "tags"], name) && more != null]

        content {
          test     = condition.value.test
          variable = condition.value.variable
          values   = condition.value.values
        }
      }
    }
  }
}
