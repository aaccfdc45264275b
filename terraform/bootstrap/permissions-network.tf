# One policy for each concern of the service root, because a policy holds 6,144 characters. What has a name is limited by
# its name, <project>-<environment>…; what AWS names by a random id is limited by the tags that it gets when it is made.
# Whoever may write a tag must not come to what the tag opens: a right to write tags is limited by the tags that are there
# (…IfExists: none are on a thing that is just being made).

data "aws_iam_policy_document" "apply_network" {
  for_each = local.environments

  # By new thing, so that no statement's types hold what an action of it puts the new thing into: a parent goes by its own
  # tags, below, whatever tags the request brings.
  dynamic "statement" {
    for_each = {
      CreateVpc = {
        actions = ["ec2:AllocateAddress", "ec2:CreateInternetGateway", "ec2:CreateVpc"]
        types   = ["elastic-ip", "internet-gateway", "vpc"]
      }
      CreateInVpc = {
        actions = ["ec2:CreateNetworkAcl", "ec2:CreateRouteTable", "ec2:CreateSecurityGroup", "ec2:CreateSubnet"]
        types   = ["network-acl", "route-table", "security-group", "subnet"]
      }
      CreateInSubnets = {
        actions = ["ec2:CreateNatGateway", "ec2:CreateTransitGatewayVpcAttachment", "ec2:CreateVpcEndpoint"]
        types   = ["natgateway", "transit-gateway-attachment", "vpc-endpoint"]
      }
      CreateRulesAndLogs = {
        actions = ["ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress", "ec2:CreateFlowLogs"]
        types   = ["security-group-rule", "vpc-flow-log"]
      }
    }

    content {
      sid       = statement.key
      actions   = statement.value.actions
      resources = [for type in statement.value.types : "arn:${local.partition}:ec2:*:${local.account}:${type}/*"]

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
  }

  statement {
    sid = "ChangeOwn"
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
      "ec2:ModifyVpcAttribute", "ec2:ModifyVpcEndpoint",
      "ec2:ReleaseAddress", "ec2:ReplaceNetworkAclAssociation", "ec2:ReplaceNetworkAclEntry", "ec2:ReplaceRoute",
      "ec2:ReplaceRouteTableAssociation", "ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress",
      "ec2:UpdateSecurityGroupRuleDescriptionsEgress", "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
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

  # The gateway is somebody else's, often another account's: named, and nothing of it is changed but that a VPC hangs on it.
  dynamic "statement" {
    for_each = each.value.transit_gateway_id[*]

    content {
      sid       = "AttachToGateway"
      actions   = ["ec2:CreateTransitGatewayVpcAttachment"]
      resources = ["arn:${local.partition}:ec2:*:*:transit-gateway/${statement.value}"]
    }
  }

  statement {
    sid       = "TagWhatIsCreated"
    actions   = ["ec2:CreateTags"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "ec2:CreateAction"
      values = [
        "AllocateAddress", "AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress", "CreateFlowLogs",
        "CreateInternetGateway", "CreateNatGateway", "CreateNetworkAcl", "CreateRouteTable", "CreateSecurityGroup",
        "CreateSubnet", "CreateTransitGatewayVpcAttachment", "CreateVpc", "CreateVpcEndpoint",
      ]
    }

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

  # A new VPC brings a default group, list and route table without tags; closing them means changing them before they
  # carry ours. Once the VPC is known (`vpc_id`), this is for its own defaults only; before, the account must hold no
  # network of others that nobody tagged.
  statement {
    sid = "CloseDefaults"
    actions = [
      "ec2:CreateNetworkAclEntry", "ec2:CreateTags", "ec2:DeleteNetworkAclEntry", "ec2:DeleteRoute",
      "ec2:ReplaceNetworkAclAssociation", "ec2:ReplaceNetworkAclEntry", "ec2:RevokeSecurityGroupEgress",
      "ec2:RevokeSecurityGroupIngress",
    ]
    resources = [for type in ["network-acl", "route-table", "security-group"] : "arn:${local.partition}:ec2:*:${local.account}:${type}/*"]

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

    dynamic "condition" {
      for_each = each.value.vpc_id[*]

      content {
        test     = "ArnLike"
        variable = "ec2:Vpc"
        values   = ["arn:${local.partition}:ec2:*:${local.account}:vpc/${condition.value}"]
      }
    }
  }

  # A private name of an endpoint is a hosted zone that AWS attaches to the VPC, in the caller's name.
  statement {
    sid       = "NameEndpoints"
    actions   = ["route53:AssociateVPCWithHostedZone"]
    resources = ["arn:${local.partition}:route53:::hostedzone/*"]

    condition {
      test     = "ForAllValues:StringLike"
      variable = "route53:VPCs"
      values   = [for region in var.allowed_regions : "VPCId=${coalesce(each.value.vpc_id, "*")},VPCRegion=${region}"]
    }

    condition {
      test     = "Null"
      variable = "route53:VPCs"
      values   = ["false"]
    }
  }
}
