# Bitbucket vouches for a step; AWS gives the step a role for an hour. No key is stored on either side.
resource "aws_iam_openid_connect_provider" "bitbucket" {
  for_each = local.pipelines

  url            = "https://api.bitbucket.org/2.0/workspaces/${each.value.workspace}/pipelines-config/identity/oidc"
  client_id_list = ["ari:cloud:bitbucket::workspace/${each.value.workspace_uuid}"]
}

# A token's subject is {repository}:{environment}:{step}, braces included. "{repository}:*" would admit every step of
# every branch; the environment is what Bitbucket restricts to branches and people.
data "aws_iam_policy_document" "assume_build" {
  for_each = local.pipelines

  statement {
    sid     = "AssumeAsBuildStep"
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.bitbucket["main"].arn]
    }

    condition {
      test     = "StringEquals"
      variable = "api.bitbucket.org/2.0/workspaces/${each.value.workspace}/pipelines-config/identity/oidc:aud"
      values   = ["ari:cloud:bitbucket::workspace/${each.value.workspace_uuid}"]
    }

    condition {
      test     = "StringLike"
      variable = "api.bitbucket.org/2.0/workspaces/${each.value.workspace}/pipelines-config/identity/oidc:sub"
      values   = ["{${each.value.repository_uuid}}:{${each.value.build_uuid}}:*"]
    }
  }
}

data "aws_iam_policy_document" "assume_plan" {
  for_each = local.environments

  statement {
    sid     = "AssumeAsPlanStep"
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.bitbucket["main"].arn]
    }

    condition {
      test     = "StringEquals"
      variable = "api.bitbucket.org/2.0/workspaces/${var.bitbucket.workspace}/pipelines-config/identity/oidc:aud"
      values   = ["ari:cloud:bitbucket::workspace/${var.bitbucket.workspace_uuid}"]
    }

    condition {
      test     = "StringLike"
      variable = "api.bitbucket.org/2.0/workspaces/${var.bitbucket.workspace}/pipelines-config/identity/oidc:sub"
      values   = ["{${var.bitbucket.repository_uuid}}:{${each.value.plan_uuid}}:*"]
    }
  }
}

data "aws_iam_policy_document" "assume_apply" {
  for_each = local.environments

  statement {
    sid     = "AssumeAsApplyStep"
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.bitbucket["main"].arn]
    }

    condition {
      test     = "StringEquals"
      variable = "api.bitbucket.org/2.0/workspaces/${var.bitbucket.workspace}/pipelines-config/identity/oidc:aud"
      values   = ["ari:cloud:bitbucket::workspace/${var.bitbucket.workspace_uuid}"]
    }

    condition {
      test     = "StringLike"
      variable = "api.bitbucket.org/2.0/workspaces/${var.bitbucket.workspace}/pipelines-config/identity/oidc:sub"
      values   = ["{${var.bitbucket.repository_uuid}}:{${each.value.apply_uuid}}:*"]
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
  assume_role_policy   = data.aws_iam_policy_document.assume_build[each.key].json
  permissions_boundary = aws_iam_policy.pipeline_boundary.arn
  max_session_duration = 3600
}

# Reads; what it may write is the lock of the state it reads.
resource "aws_iam_role" "plan" {
  for_each = local.environments

  path                 = "/pipeline/"
  name                 = "${var.project}-${each.key}-plan"
  description          = "Plan steps of the pipeline for ${each.key}, those of pull requests too: read only"
  assume_role_policy   = data.aws_iam_policy_document.assume_plan[each.key].json
  permissions_boundary = aws_iam_policy.pipeline_boundary.arn
  max_session_duration = 3600
}

resource "aws_iam_role" "apply" {
  for_each = local.environments

  path                 = "/pipeline/"
  name                 = "${var.project}-${each.key}-apply"
  description          = "Apply step of the pipeline for ${each.key}"
  assume_role_policy   = data.aws_iam_policy_document.assume_apply[each.key].json
  permissions_boundary = aws_iam_policy.pipeline_boundary.arn
  max_session_duration = 3600
}

resource "aws_iam_role_policy" "build" {
  for_each = local.pipelines

  name   = "push-and-sign"
  role   = aws_iam_role.build[each.key].name
  policy = data.aws_iam_policy_document.build.json
}

resource "aws_iam_policy" "plan" {
  for_each = local.environments

  name        = "${var.project}-${each.key}-plan"
  path        = "/pipeline/"
  description = "What a plan of ${each.key} reads"
  policy      = data.aws_iam_policy_document.read.json
}

resource "aws_iam_role_policy" "plan_state" {
  for_each = local.environments

  name   = "read-state-and-lock"
  role   = aws_iam_role.plan[each.key].name
  policy = data.aws_iam_policy_document.plan_state[each.key].json
}

resource "aws_iam_role_policy" "apply_state" {
  for_each = local.environments

  name   = "write-state-and-lock"
  role   = aws_iam_role.apply[each.key].name
  policy = data.aws_iam_policy_document.apply_state[each.key].json
}

resource "aws_iam_role_policy_attachment" "plan" {
  for_each = local.environments

  role       = aws_iam_role.plan[each.key].name
  policy_arn = aws_iam_policy.plan[each.key].arn
}

resource "aws_iam_role_policy_attachment" "apply_reads" {
  for_each = local.environments

  role       = aws_iam_role.apply[each.key].name
  policy_arn = aws_iam_policy.plan[each.key].arn
}

resource "aws_iam_policy" "apply" {
  for_each = local.apply_policies

  name        = "${var.project}-${each.value.environment}-apply-${each.value.concern}"
  path        = "/pipeline/"
  description = "What an apply of ${each.value.environment} changes: ${each.value.concern}"
  policy      = each.value.policy
}

resource "aws_iam_role_policy_attachment" "apply" {
  for_each = local.apply_policies

  role       = aws_iam_role.apply[each.value.environment].name
  policy_arn = aws_iam_policy.apply[each.key].arn
}

locals {
  apply_policies = merge([
    for environment in keys(local.environments) : {
      for concern, policy in {
        network  = data.aws_iam_policy_document.apply_network[environment].json
        edge     = data.aws_iam_policy_document.apply_edge[environment].json
        data     = data.aws_iam_policy_document.apply_data[environment].json
        service  = data.aws_iam_policy_document.apply_service[environment].json
        identity = data.aws_iam_policy_document.apply_identity[environment].json
        watch    = data.aws_iam_policy_document.apply_watch[environment].json
      } : "${environment}-${concern}" => { environment = environment, concern = concern, policy = policy }
    }
  ]...)
}
