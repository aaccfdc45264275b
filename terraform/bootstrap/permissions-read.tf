# What a refresh reads of each kind of resource that the service root has. Configuration only: no item of a table, no
# object of a bucket, no line of a log. What holds a secret or an address of somebody is read of this environment alone.
data "aws_iam_policy_document" "read" {
  for_each = local.environments

  # AWS offers no resource for most of these; the rest is asked for what an environment only uses (a hosted zone), or for
  # a key a second old, whose tags IAM doesn't know yet.
  statement {
    sid = "ReadAccount"
    actions = [
      "acm:DescribeCertificate",
      "acm:ListTagsForCertificate",
      "application-autoscaling:DescribeScalableTargets",
      "application-autoscaling:DescribeScalingPolicies",
      "application-autoscaling:DescribeScheduledActions",
      "application-autoscaling:ListTagsForResource",
      "cloudwatch:DescribeAlarms",
      "cognito-idp:DescribeUserPoolDomain",
      "ec2:DescribeAccountAttributes",
      "ec2:DescribeAddresses",
      "ec2:DescribeAddressesAttribute",
      "ec2:DescribeAvailabilityZones",
      "ec2:DescribeFlowLogs",
      "ec2:DescribeInternetGateways",
      "ec2:DescribeManagedPrefixLists",
      "ec2:DescribeNatGateways",
      "ec2:DescribeNetworkAcls",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribePrefixLists",
      "ec2:DescribeRouteTables",
      "ec2:DescribeSecurityGroupRules",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeSubnets",
      "ec2:DescribeTransitGatewayVpcAttachments",
      "ec2:DescribeTransitGateways",
      "ec2:DescribeVpcAttribute",
      "ec2:DescribeVpcEndpointServices",
      "ec2:DescribeVpcEndpoints",
      "ec2:DescribeVpcs",
      "ec2:GetManagedPrefixListEntries",
      "ec2:GetTransitGatewayRouteTableAssociations",
      "ec2:GetTransitGatewayRouteTablePropagations",
      "ecr:GetAuthorizationToken",
      "ecs:DescribeTaskDefinition",
      "elasticloadbalancing:DescribeCapacityReservation",
      "elasticloadbalancing:DescribeListenerAttributes",
      "elasticloadbalancing:DescribeListenerCertificates",
      "elasticloadbalancing:DescribeListeners",
      "elasticloadbalancing:DescribeLoadBalancerAttributes",
      "elasticloadbalancing:DescribeLoadBalancers",
      "elasticloadbalancing:DescribeRules",
      "elasticloadbalancing:DescribeTags",
      "elasticloadbalancing:DescribeTargetGroupAttributes",
      "elasticloadbalancing:DescribeTargetGroups",
      "elasticloadbalancing:DescribeTargetHealth",
      "elasticloadbalancing:DescribeTrustStoreAssociations",
      "elasticloadbalancing:DescribeTrustStoreRevocations",
      "elasticloadbalancing:DescribeTrustStores",
      "kms:DescribeKey",
      "kms:GetKeyPolicy",
      "kms:GetKeyRotationStatus",
      "kms:ListAliases",
      "kms:ListResourceTags",
      "logs:DescribeIndexPolicies",
      "logs:DescribeLogGroups",
      "logs:DescribeQueryDefinitions",
      "logs:DescribeResourcePolicies",
      "route53:GetChange",
      "route53:GetHostedZone",
      "route53:ListHostedZones",
      "route53:ListResourceRecordSets",
      "route53:ListTagsForResource",
      # A new secret is drawn by AWS while planning, too: neither plan nor state ever holds it.
      "secretsmanager:GetRandomPassword",
      "sns:GetSubscriptionAttributes",
      "sts:GetCallerIdentity",
    ]
    resources = ["*"]
  }

  statement {
    sid       = "ReadBill"
    actions   = ["billing:GetBillingViewData"]
    resources = ["arn:${local.partition}:billing::${local.account}:billingview/primary"]
  }

  # AWS WAF knows no tags of a pool; Cognito, asked on the same call, does (below).
  statement {
    sid       = "ReadFirewallOfUserPool"
    actions   = ["wafv2:GetWebACLForResource"]
    resources = ["arn:${local.partition}:cognito-idp:*:${local.account}:userpool/*"]
  }

  statement {
    sid = "ReadImages"
    actions = [
      "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:DescribeImages", "ecr:DescribeRepositories",
      "ecr:GetDownloadUrlForLayer", "ecr:ListTagsForResource",
    ]
    resources = [aws_ecr_repository.service.arn]
  }

  statement {
    sid       = "VerifySignatures"
    actions   = ["kms:GetPublicKey", "kms:Verify"]
    resources = [aws_kms_key.main["signing"].arn]
  }
}

data "aws_iam_policy_document" "read_own" {
  for_each = local.environments

  source_policy_documents = [data.aws_iam_policy_document.tagged["${each.key}-plan-own"].json]

  statement {
    sid = "ReadOwnByName"
    actions = [
      "backup:DescribeBackupVault", "backup:ListTags", "budgets:ListTagsForResource", "budgets:ViewBudget",
      "cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource", "dynamodb:DescribeContinuousBackups",
      "dynamodb:DescribeTable", "dynamodb:DescribeTableReplicaAutoScaling", "dynamodb:DescribeTimeToLive",
      "dynamodb:ListTagsOfResource", "ecs:DescribeClusters", "ecs:DescribeServices", "ecs:ListTagsForResource",
      "elasticloadbalancing:GetLoadBalancerWebACL", "events:DescribeRule", "events:ListTagsForResource",
      "events:ListTargetsByRule", "iam:GetPolicy", "iam:GetPolicyVersion", "iam:GetRole", "iam:GetRolePolicy",
      "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole", "iam:ListPolicyVersions",
      "iam:ListRolePolicies", "iam:ListRoleTags", "lambda:GetFunction", "lambda:GetFunctionConfiguration",
      "lambda:GetPolicy", "lambda:ListTags", "lambda:ListVersionsByFunction", "logs:DescribeMetricFilters", "logs:ListTagsForResource",
      "scheduler:GetScheduleGroup", "scheduler:ListTagsForResource", "secretsmanager:DescribeSecret",
      "secretsmanager:GetResourcePolicy", "sns:GetTopicAttributes", "sns:ListTagsForResource", "wafv2:GetIPSet",
      "wafv2:GetLoggingConfiguration", "wafv2:GetWebACL", "wafv2:GetWebACLForResource", "wafv2:ListTagsForResource",
    ]
    resources = flatten([
      for name, ends in {
        "backup:*:${local.account}:backup-vault:"                       = [""]
        "budgets::${local.account}:budget/"                             = ["-*"]
        "cloudwatch:*:${local.account}:alarm:"                          = ["-*"]
        "cloudwatch::${local.account}:dashboard/"                       = [""]
        "dynamodb:*:${local.account}:table/"                            = ["", "-at-*", "-from-*"]
        "ecs:*:${local.account}:cluster/"                               = [""]
        "ecs:*:${local.account}:service/"                               = ["/*"]
        "elasticloadbalancing:*:${local.account}:loadbalancer/app/"     = ["/*"]
        "events:*:${local.account}:rule/"                               = ["-*"]
        "iam::${local.account}:policy/"                                 = ["-*"]
        "iam::${local.account}:role/"                                   = ["-*"]
        "lambda:*:${local.account}:function:"                           = ["-outside"]
        "logs:*:${local.account}:log-group:/"                           = ["/*"]
        "logs:*:${local.account}:log-group:/aws/ecs/containerinsights/" = ["/*"]
        "logs:*:${local.account}:log-group:aws-waf-logs-"               = [""]
        "scheduler:*:${local.account}:schedule-group/"                  = ["-*"]
        "secretsmanager:*:${local.account}:secret:"                     = ["/*"]
        "sns:*:${local.account}:"                                       = ["-*"]
        "wafv2:*:${local.account}:regional/ipset/"                      = ["-*"]
        "wafv2:*:${local.account}:regional/webacl/"                     = ["/*"]
      } : [for end in ends : "arn:${local.partition}:${name}${var.project}-${each.key}${end}"]
    ])
  }

  statement {
    sid       = "ReadOwnRestoreTests"
    actions   = ["backup:GetRestoreTestingPlan", "backup:GetRestoreTestingSelection", "backup:ListTags"]
    resources = ["arn:${local.partition}:backup:*:${local.account}:restore-testing-plan:${replace("${var.project}-${each.key}", "-", "_")}-*"]
  }

  statement {
    sid = "ReadOwnBuckets"
    actions = [
      "s3:GetAccelerateConfiguration", "s3:GetBucketAcl", "s3:GetBucketCORS", "s3:GetBucketLocation",
      "s3:GetBucketLogging", "s3:GetBucketObjectLockConfiguration", "s3:GetBucketOwnershipControls",
      "s3:GetBucketPolicy", "s3:GetBucketPublicAccessBlock", "s3:GetBucketRequestPayment", "s3:GetBucketTagging",
      "s3:GetBucketVersioning", "s3:GetBucketWebsite", "s3:GetEncryptionConfiguration",
      "s3:GetLifecycleConfiguration", "s3:GetReplicationConfiguration", "s3:ListBucket",
    ]
    resources = ["arn:${local.partition}:s3:::${var.project}-${each.key}-*"]
  }

  # The provider reads a secret's current version at each refresh, even though it keeps no value of it.
  statement {
    sid       = "RefreshOwnSecrets"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = ["arn:${local.partition}:secretsmanager:*:${local.account}:secret:${var.project}-${each.key}/*"]
  }
}

# A plan takes the lock too: a plan made while an apply runs would be of no use.
data "aws_iam_policy_document" "state" {
  for_each = local.deployers

  statement {
    sid       = "FindStates"
    actions   = ["s3:GetBucketVersioning", "s3:ListBucket"]
    resources = [aws_s3_bucket.state.arn]
  }

  statement {
    sid       = each.value.step == "apply" ? "WriteOwnState" : "ReadOwnState"
    actions   = each.value.step == "apply" ? ["s3:GetObject", "s3:PutObject"] : ["s3:GetObject"]
    resources = ["${aws_s3_bucket.state.arn}/${local.state_keys[each.value.environment]}"]
  }

  statement {
    sid       = "HoldOwnLock"
    actions   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.state.arn}/${local.state_keys[each.value.environment]}.tflock"]
  }

  statement {
    sid       = "UseStateKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.main["state"].arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.region}.amazonaws.com"]
    }
  }
}

# No deletion: what was pushed once stays what it was.
data "aws_iam_policy_document" "build" {
  statement {
    sid       = "LogInToRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid = "PushImages"
    actions = [
      "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:DescribeImages",
      "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
    ]
    resources = [aws_ecr_repository.service.arn]
  }

  statement {
    sid       = "SignImages"
    actions   = ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign", "kms:Verify"]
    resources = [aws_kms_key.main["signing"].arn]
  }
}
