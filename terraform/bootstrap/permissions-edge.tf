data "aws_iam_policy_document" "apply_edge" {
  for_each = local.environments

  source_policy_documents = [data.aws_iam_policy_document.tagged["${each.key}-apply-edge"].json]

  statement {
    sid = "ChangeOwnLoadBalancer"
    actions = [
      "elasticloadbalancing:AddListenerCertificates", "elasticloadbalancing:AddTags",
      "elasticloadbalancing:AddTrustStoreRevocations", "elasticloadbalancing:CreateListener",
      "elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTrustStore",
      "elasticloadbalancing:CreateWebACLAssociation", "elasticloadbalancing:DeleteListener",
      "elasticloadbalancing:DeleteLoadBalancer", "elasticloadbalancing:DeleteTrustStore",
      "elasticloadbalancing:DeleteWebACLAssociation", "elasticloadbalancing:ModifyListener",
      "elasticloadbalancing:ModifyListenerAttributes", "elasticloadbalancing:ModifyLoadBalancerAttributes",
      "elasticloadbalancing:ModifyTrustStore",
      "elasticloadbalancing:RemoveListenerCertificates", "elasticloadbalancing:RemoveTags",
      "elasticloadbalancing:RemoveTrustStoreRevocations", "elasticloadbalancing:SetIpAddressType",
      "elasticloadbalancing:SetSecurityGroups", "elasticloadbalancing:SetSubnets", "elasticloadbalancing:SetWebACL",
    ]
    resources = [for type in ["loadbalancer/app", "listener/app", "truststore"] :
      "arn:${local.partition}:elasticloadbalancing:*:${local.account}:${type}/${var.project}-${each.key}/*"
    ]
  }

  # AWS offers no resource for it: the firewall itself is limited by its name, below.
  statement {
    sid       = "AttachFirewall"
    actions   = ["elasticloadbalancing:SetWebACL"]
    resources = ["*"]
  }

  statement {
    sid = "ChangeOwnFirewall"
    actions = [
      "cognito-idp:AssociateWebACL", "wafv2:AssociateWebACL", "wafv2:CreateIPSet", "wafv2:CreateWebACL", "wafv2:DeleteIPSet",
      "wafv2:DeleteLoggingConfiguration", "wafv2:DeleteWebACL", "wafv2:DisassociateWebACL",
      "wafv2:PutLoggingConfiguration", "wafv2:TagResource", "wafv2:UntagResource", "wafv2:UpdateIPSet",
      "wafv2:UpdateWebACL",
    ]
    resources = [
      "arn:${local.partition}:wafv2:*:${local.account}:regional/webacl/${var.project}-${each.key}/*",
      "arn:${local.partition}:wafv2:*:${local.account}:regional/ipset/${var.project}-${each.key}-*",
      "arn:${local.partition}:elasticloadbalancing:*:${local.account}:loadbalancer/app/${var.project}-${each.key}/*",
    ]
  }

  # A firewall names rule groups of AWS; nothing of them is changed.
  statement {
    sid       = "UseManagedRules"
    actions   = ["wafv2:CreateWebACL", "wafv2:UpdateWebACL"]
    resources = ["arn:${local.partition}:wafv2:*:${local.account}:regional/managedruleset/*/*"]
  }

  # The zone isn't ours to make: in the one that this environment serves, its name and what is below it.
  dynamic "statement" {
    for_each = each.value.zone[*]

    content {
      sid       = "ChangeOwnRecords"
      actions   = ["route53:ChangeResourceRecordSets"]
      resources = ["arn:${local.partition}:route53:::hostedzone/${statement.value.id}"]

      condition {
        test     = "ForAllValues:StringLike"
        variable = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
        values   = [statement.value.domain_name, "*.${statement.value.domain_name}"]
      }

      condition {
        test     = "ForAllValues:StringEquals"
        variable = "route53:ChangeResourceRecordSetsRecordTypes"
        values   = ["A", "AAAA", "CNAME"]
      }

      # "For all" holds for none at all.
      condition {
        test     = "Null"
        variable = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
        values   = ["false"]
      }
    }
  }

  # AWS reads the certificates of client CAs in the name of whoever makes the trust store.
  dynamic "statement" {
    for_each = each.value.client_ca_bucket[*]

    content {
      sid       = "ReadClientCa"
      actions   = ["s3:GetObject", "s3:GetObjectVersion"]
      resources = ["arn:${local.partition}:s3:::${statement.value}/*"]
    }
  }

  statement {
    sid = "ChangeOwnBuckets"
    actions = [
      "s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:DeleteObject", "s3:DeleteObjectVersion",
      "s3:ListBucketVersions", "s3:PutBucketAcl", "s3:PutBucketLogging", "s3:PutBucketOwnershipControls",
      "s3:PutBucketPolicy", "s3:PutBucketPublicAccessBlock", "s3:PutBucketTagging", "s3:PutBucketVersioning",
      "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration",
    ]
    resources = ["arn:${local.partition}:s3:::${var.project}-${each.key}-*"] # and what is in them
  }
}
