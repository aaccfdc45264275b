# One policy for each concern of the service root, because a policy holds 6,144 characters: here and in the other files of
# this kind by name, <project>-<environment>…, in permissions-tagged.tf by tags.

data "aws_iam_policy_document" "apply_network" {
  for_each = local.environments

  source_policy_documents = [data.aws_iam_policy_document.tagged["${each.key}-apply-network"].json]

  # The gateway is somebody else's, often another account's: named, and nothing of it is changed but that a VPC hangs on it.
  dynamic "statement" {
    for_each = each.value.transit_gateway_id[*]

    content {
      sid       = "AttachToGateway"
      actions   = ["ec2:CreateTransitGatewayVpcAttachment"]
      resources = ["arn:${local.partition}:ec2:*:*:transit-gateway/${statement.value}"]
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
