data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  account      = data.aws_caller_identity.current.account_id
  partition    = data.aws_partition.current.partition
  environments = var.bitbucket == null ? {} : var.bitbucket.environments

  # One for each role that exists once in an account with a pipeline.
  pipelines = var.bitbucket == null ? {} : { main = var.bitbucket }

  # Where the service root keeps an environment's state: workspaces live under env:/<workspace>/.
  state_keys = { for name in keys(local.environments) : name => "env:/${name}/${var.project}/terraform.tfstate" }

  key_administration = [
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:EnableKey",
    "kms:GetKeyPolicy",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
  ]
}
