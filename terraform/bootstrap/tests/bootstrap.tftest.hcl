# Real plans without an account: nothing here asks AWS for anything.
provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

variables {
  owner       = "movies"
  cost_centre = "1001"
  commit      = "0123456789abcdef0123456789abcdef01234567"
  bitbucket = {
    workspace       = "movies"
    workspace_uuid  = "10000000-0000-4000-8000-000000000000"
    repository_uuid = "20000000-0000-4000-8000-000000000000"
    build_uuid      = "30000000-0000-4000-8000-000000000000"
    environments = {
      dev  = { plan_uuid = "40000000-0000-4000-8000-000000000000", apply_uuid = "50000000-0000-4000-8000-000000000000" }
      prod = { plan_uuid = "60000000-0000-4000-8000-000000000000", apply_uuid = "70000000-0000-4000-8000-000000000000" }
    }
  }
}

run "the_state_lies_where_the_service_root_looks_for_it" {
  command = plan

  assert {
    condition     = aws_s3_bucket.state.bucket == "movies-api-state-123456789012-eu-west-1"
    error_message = "The state bucket has another name."
  }
}

# What is denied, whatever is granted. `make roles` decides what comes of it; here each limit is named, so that none is lost unseen.
run "each_limit_is_there_with_its_condition" {
  command = plan

  assert {
    condition = {
      for name, document in {
        limits = data.aws_iam_policy_document.limits, deploy = data.aws_iam_policy_document.deploy_boundary["dev"]
        state  = data.aws_iam_policy_document.state_bucket
        } : name => sort([for statement in document.statement :
          "${statement.sid}: ${coalesce(try(join(" ", sort(statement.actions)), ""), try("all but ${join(" ", sort(statement.not_actions))}", "?"))}${join("", sort([for one in statement.condition : " if ${one.test} ${one.variable}"]))}"
      if statement.effect == "Deny"])
      } == {
      limits = tolist([
        "KeepWhatWasPushed: ecr:BatchDeleteImage ecr:DeleteLifecyclePolicy ecr:DeleteRepository ecr:DeleteRepositoryPolicy ecr:PutImageTagMutability ecr:PutLifecyclePolicy ecr:SetRepositoryPolicy ecr:TagResource ecr:UntagResource",
        "StayInAllowedRegions: all but billing:* budgets:* cloudwatch:* iam:* route53:* sts:* if StringNotEquals aws:RequestedRegion",
      ])
      deploy = tolist([
        "KeepBoundariesOn: iam:DeleteRolePermissionsBoundary",
        "KeepKeys: all but kms:Decrypt kms:DescribeKey kms:GenerateDataKey kms:GetKeyPolicy kms:GetKeyRotationStatus kms:GetPublicKey kms:ListResourceTags kms:Verify",
        "KeepOwnLimits: all but iam:Get* iam:List*",
        "KeepStateBucket: all but s3:DeleteObject s3:GetBucketVersioning s3:GetObject s3:ListBucket s3:PutObject",
        "KeepStates: s3:DeleteObject",
        "LeaveOtherStates: s3:DeleteObject s3:GetObject s3:PutObject",
        "StayInEnvironment: * if StringEquals aws:ResourceTag/project if StringNotEquals aws:ResourceTag/environment",
        "TagAsOwn: * if StringEquals aws:RequestTag/project if StringNotEquals aws:RequestTag/environment",
      ])
      state = tolist([
        "DenyOldTls: s3:* if NumericLessThan s3:TlsVersion",
        "DenyOtherEncryption: s3:PutObject if StringNotEqualsIfExists s3:x-amz-server-side-encryption",
        "DenyOtherKeys: s3:PutObject if StringNotEqualsIfExists s3:x-amz-server-side-encryption-aws-kms-key-id",
        "DenyPlainHttp: s3:* if Bool aws:SecureTransport",
      ])
    }
    error_message = "A boundary or the policy of the state bucket denies less, or something else, than its list here says."
  }
}

run "no_lifecycle_rule_can_expire_a_deployed_image" {
  command = plan

  assert {
    condition = [
      for rule in jsondecode(aws_ecr_lifecycle_policy.service.policy).rules :
      "${rule.rulePriority} ${join(",", rule.selection.tagPrefixList)} ${rule.selection.countNumber}"
    ] == ["1 deployed- 36500", "2 candidate- 30"]
    error_message = "The first rule must take every deployed image for a hundred years, the second the candidates."
  }

  assert {
    condition     = alltrue([for rule in jsondecode(aws_ecr_lifecycle_policy.service.policy).rules : rule.selection.tagStatus == "tagged"])
    error_message = "A rule reaches untagged images: what was deployed by digest alone could be expired."
  }
}

# A policy that names a resource still to be made is unknown until then, but its statements can be read. What they allow and
# deny together is decided by `make roles`.
run "only_a_step_of_the_named_environment_gets_a_role" {
  command = plan

  assert {
    condition = distinct([
      for document in values(data.aws_iam_policy_document.trust) :
      [for condition in document.statement[0].condition : "${condition.test} ${condition.variable} ${one(condition.values)}" if endswith(condition.variable, ":aud")]
    ]) == tolist([["StringEquals api.bitbucket.org/2.0/workspaces/movies/pipelines-config/identity/oidc:aud ari:cloud:bitbucket::workspace/10000000-0000-4000-8000-000000000000"]])
    error_message = "A role trusts tokens made for another workspace."
  }

  assert {
    condition = {
      for role, document in data.aws_iam_policy_document.trust :
      role => one([for condition in document.statement[0].condition : "${condition.test} ${one(condition.values)}" if endswith(condition.variable, "/oidc:sub")])
      } == {
      build      = "StringLike {20000000-0000-4000-8000-000000000000}:{30000000-0000-4000-8000-000000000000}:*"
      dev-plan   = "StringLike {20000000-0000-4000-8000-000000000000}:{40000000-0000-4000-8000-000000000000}:*"
      dev-apply  = "StringLike {20000000-0000-4000-8000-000000000000}:{50000000-0000-4000-8000-000000000000}:*"
      prod-plan  = "StringLike {20000000-0000-4000-8000-000000000000}:{60000000-0000-4000-8000-000000000000}:*"
      prod-apply = "StringLike {20000000-0000-4000-8000-000000000000}:{70000000-0000-4000-8000-000000000000}:*"
    }
    error_message = "A role trusts more than its environment, which stands in the middle: ${jsonencode({ for role, document in data.aws_iam_policy_document.trust : role => document.statement[0].condition[*].values })}"
  }
}

run "who_is_no_role_reads_and_decrypts_by_one_way_only" {
  command = plan

  assert {
    condition = [for condition in data.aws_iam_policy_document.images.statement[0].condition : "${condition.test} ${condition.variable} ${one(condition.values)}"] == [
      "ArnLike aws:SourceArn arn:aws:lambda:*:123456789012:function:movies-api-*-outside",
    ]
    error_message = "Other functions than the outside probes may pull the image: say which in the policy of the repository (images.tf)."
  }

  assert {
    condition = {
      for key, document in data.aws_iam_policy_document.key :
      key => join(", ", flatten([for statement in document.statement : [for condition in statement.condition : "${statement.sid} ${condition.test} ${condition.variable} ${one(condition.values)}"]]))
      } == {
      state   = "UseThroughS3 StringEquals kms:ViaService s3.eu-west-1.amazonaws.com"
      images  = "GrantToEcr StringEquals kms:ViaService ecr.eu-west-1.amazonaws.com"
      signing = ""
    }
    error_message = "A key is used otherwise than by the service that it is for (keys.tf)."
  }
}

run "the_pipeline_names_each_action_and_a_plan_only_reads" {
  command = plan

  assert {
    condition = alltrue([
      for action in flatten([
        for document in concat(
          [data.aws_iam_policy_document.build],
          values(data.aws_iam_policy_document.read),
          values(data.aws_iam_policy_document.read_own),
          values(data.aws_iam_policy_document.state),
          values(data.aws_iam_policy_document.apply_network),
          values(data.aws_iam_policy_document.apply_edge),
          values(data.aws_iam_policy_document.apply_data),
          values(data.aws_iam_policy_document.apply_service),
          values(data.aws_iam_policy_document.apply_identity),
          values(data.aws_iam_policy_document.apply_watch),
        ) : document.statement[*].actions
      ]) : can(regex("^[a-z0-9-]+:[A-Za-z0-9]+$", action))
    ])
    error_message = "A policy of the pipeline names a wildcard action."
  }

  assert {
    condition = alltrue([
      for action in flatten(concat(data.aws_iam_policy_document.read["dev"].statement[*].actions, data.aws_iam_policy_document.read_own["dev"].statement[*].actions)) :
      can(regex("^[a-z0-9-]+:(Get|List|Describe|View|BatchGet|BatchCheck|Verify|Decrypt)", action))
    ])
    error_message = "The plan role can do more than read."
  }

  assert {
    condition = sort(flatten([
      for statement in data.aws_iam_policy_document.state["dev-plan"].statement :
      [for action in statement.actions : "${statement.sid} ${action}" if can(regex(":(Put|Delete|Create|Update)", action))]
    ])) == tolist(["HoldOwnLock s3:DeleteObject", "HoldOwnLock s3:PutObject"])
    error_message = "A plan can write more than the lock of its own state."
  }
}

run "another_project_keeps_its_states_where_the_service_root_does" {
  command = plan

  variables {
    project = "films"
  }

  assert {
    condition = local.state_keys == {
      dev  = "env:/dev/movies-api/terraform.tfstate"
      prod = "env:/prod/movies-api/terraform.tfstate"
    }
    error_message = "The roles reach another state than the service root keeps (key of its backend, one workspace per environment)."
  }
}

run "an_account_that_has_the_provider_keeps_it_and_a_client_ca_can_be_read" {
  command = plan

  variables {
    bitbucket = {
      workspace         = "movies"
      workspace_uuid    = "10000000-0000-4000-8000-000000000000"
      repository_uuid   = "20000000-0000-4000-8000-000000000000"
      build_uuid        = "30000000-0000-4000-8000-000000000000"
      oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/api.bitbucket.org/2.0/workspaces/movies/pipelines-config/identity/oidc"
      environments = {
        dev = {
          plan_uuid        = "40000000-0000-4000-8000-000000000000"
          apply_uuid       = "50000000-0000-4000-8000-000000000000"
          client_ca_bucket = "bank-client-cas"
        }
      }
    }
  }

  assert {
    condition = aws_iam_openid_connect_provider.bitbucket == {} && alltrue([
      for document in values(data.aws_iam_policy_document.trust) : one(one(document.statement[0].principals).identifiers) == var.bitbucket.oidc_provider_arn
    ])
    error_message = "A second provider is made beside the account's, or trusted in its place."
  }

  assert {
    condition = [
      for statement in data.aws_iam_policy_document.apply_edge["dev"].statement : one(statement.resources) if statement.sid == "ReadClientCa"
    ] == ["arn:aws:s3:::bank-client-cas/*"]
    error_message = "The apply role can't read the certificates of client CAs."
  }
}

run "without_bitbucket_there_is_no_role_to_take" {
  command = plan

  variables {
    bitbucket = null
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.bitbucket) + length(aws_iam_role.build) + length(aws_iam_role.deploy) == 0
    error_message = "Somebody from outside the account could take a role."
  }

  assert {
    condition     = output.build_role_arn == null && output.plan_role_arns == {} && output.apply_role_arns == {}
    error_message = "An output names a role that doesn't exist."
  }
}
