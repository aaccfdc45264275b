data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  account      = data.aws_caller_identity.current.account_id
  partition    = data.aws_partition.current.partition
  root         = "arn:${local.partition}:iam::${local.account}:root"
  environments = var.bitbucket == null ? {} : var.bitbucket.environments

  # One for each role that exists once in an account with a pipeline.
  pipelines = var.bitbucket == null ? {} : { build = var.bitbucket.build_uuid }

  # Plan and apply of each environment, by <environment>-<step>.
  deployers = merge([for name, environment in local.environments : {
    "${name}-plan"  = { environment = name, step = "plan", uuid = environment.plan_uuid }
    "${name}-apply" = { environment = name, step = "apply", uuid = environment.apply_uuid }
  }]...)

  # What a step that deploys may do, by concern: a managed policy holds 6,144 characters, a role ten of them.
  policies = merge([for name in keys(local.environments) : {
    "${name}-plan"           = data.aws_iam_policy_document.read[name].json
    "${name}-plan-own"       = data.aws_iam_policy_document.read_own[name].json
    "${name}-apply-network"  = data.aws_iam_policy_document.apply_network[name].json
    "${name}-apply-edge"     = data.aws_iam_policy_document.apply_edge[name].json
    "${name}-apply-data"     = data.aws_iam_policy_document.apply_data[name].json
    "${name}-apply-service"  = data.aws_iam_policy_document.apply_service[name].json
    "${name}-apply-identity" = data.aws_iam_policy_document.apply_identity[name].json
    "${name}-apply-watch"    = data.aws_iam_policy_document.apply_watch[name].json
  }]...)
  attachments = merge([for policy in keys(local.policies) : {
    for role in keys(local.deployers) : "${role} ${policy}" => { role = role, policy = policy }
    if split("-", role)[0] == split("-", policy)[0] && (endswith(role, "-apply") || split("-", policy)[1] == "plan")
  }]...)

  # The key of the service root's backend, whatever the project is called; workspaces live under env:/<workspace>/.
  state_keys = { for name in keys(local.environments) : name => "env:/${name}/movies-api/terraform.tfstate" }

  issuer            = var.bitbucket == null ? null : "api.bitbucket.org/2.0/workspaces/${var.bitbucket.workspace}/pipelines-config/identity/oidc"
  oidc_provider_arn = try(aws_iam_openid_connect_provider.bitbucket["build"].arn, var.bitbucket.oidc_provider_arn, null)
}

# Bitbucket vouches for a step; AWS gives the step a role for an hour. No key is stored on either side. An account has one
# provider for each URL: where another repository of the workspace has made it, it is named, not made.
resource "aws_iam_openid_connect_provider" "bitbucket" {
  for_each = { for name, uuid in local.pipelines : name => uuid if try(var.bitbucket.oidc_provider_arn, null) == null }

  url            = "https://${local.issuer}"
  client_id_list = ["ari:cloud:bitbucket::workspace/${var.bitbucket.workspace_uuid}"]
}

# A token's subject is {repository}:{environment}:{step}, braces included. "{repository}:*" would admit every step of
# every branch; the environment is what Bitbucket restricts to branches and people.
data "aws_iam_policy_document" "trust" {
  for_each = merge(local.pipelines, { for name, deployer in local.deployers : name => deployer.uuid })

  statement {
    sid     = "AssumeAsStep"
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.oidc_provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:aud"
      values   = ["ari:cloud:bitbucket::workspace/${var.bitbucket.workspace_uuid}"]
    }

    condition {
      test     = "StringLike"
      variable = "${local.issuer}:sub"
      values   = ["{${var.bitbucket.repository_uuid}}:{${each.value}}:*"]
    }
  }
}

# The path keeps these roles apart from those that an apply may make: role/<project>-<environment>-* doesn't match them.

# Pushes and signs; can't deploy.
resource "aws_iam_role" "build" {
  for_each = local.pipelines

  path                 = "/pipeline/"
  name                 = "${var.project}-build"
  description          = "Build step of the pipeline: pushes and signs images"
  assume_role_policy   = data.aws_iam_policy_document.trust[each.key].json
  permissions_boundary = aws_iam_policy.build_boundary.arn
  max_session_duration = 3600
}

resource "aws_iam_role_policy" "build" {
  for_each = local.pipelines

  name   = "push-and-sign"
  role   = aws_iam_role.build[each.key].name
  policy = data.aws_iam_policy_document.build.json
}

# A plan step reads; what it may write is the lock of the state it reads. Both are for steps of the main branch only.
resource "aws_iam_role" "deploy" {
  for_each = local.deployers

  path                 = "/pipeline/"
  name                 = "${var.project}-${each.key}"
  description          = "Steps of the pipeline that ${each.value.step} ${each.value.environment}"
  assume_role_policy   = data.aws_iam_policy_document.trust[each.key].json
  permissions_boundary = aws_iam_policy.deploy_boundary[each.value.environment].arn
  max_session_duration = 3600
}

resource "aws_iam_role_policy" "state" {
  for_each = local.deployers

  name   = "state-and-lock"
  role   = aws_iam_role.deploy[each.key].name
  policy = data.aws_iam_policy_document.state[each.key].json
}

resource "aws_iam_policy" "deploy" {
  for_each = local.policies

  name        = "${var.project}-${each.key}"
  path        = "/pipeline/"
  description = "What the pipeline may do: ${each.key}"
  policy      = each.value
}

resource "aws_iam_role_policy_attachment" "deploy" {
  for_each = local.attachments

  role       = aws_iam_role.deploy[each.value.role].name
  policy_arn = aws_iam_policy.deploy[each.value.policy].arn
}
