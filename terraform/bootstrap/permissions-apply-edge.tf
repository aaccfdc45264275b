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
