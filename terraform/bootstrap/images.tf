resource "aws_ecr_repository" "service" {
  name                 = var.project
  image_tag_mutability = "IMMUTABLE"
  force_delete         = var.state_is_disposable

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = aws_kms_key.images.arn
  }

  image_scanning_configuration {
    scan_on_push = true
  }
}

# A lifecycle rule sees tags and age, never what runs. What runs is therefore said by a tag: before an image is deployed
# it also gets deployed-<environment>-<commit>. ECR gives each image to the first rule that its tags match, and no later
# rule may expire it: rule 1 takes every deployed image and expires none (its age is a hundred years), so rule 2 is left
# with the candidates that nobody deployed. Untagged images are kept: one pushed or deployed by digest alone, the parts
# of a multi-platform index and signatures all look untagged. An image with any other tag matches no rule and stays.
resource "aws_ecr_lifecycle_policy" "service" {
  repository = aws_ecr_repository.service.name

  policy = jsonencode({
    rules = [
      {
        rulePriority = 1
        description  = "Keep what was ever deployed"
        selection = {
          tagStatus     = "tagged"
          tagPrefixList = ["deployed-"]
          countType     = "sinceImagePushed"
          countUnit     = "days"
          countNumber   = 36500
        }
        action = { type = "expire" }
      },
      {
        rulePriority = 2
        description  = "Forget candidates that nobody deployed"
        selection = {
          tagStatus     = "tagged"
          tagPrefixList = ["candidate-"]
          countType     = "sinceImagePushed"
          countUnit     = "days"
          countNumber   = var.candidate_days
        }
        action = { type = "expire" }
      },
    ]
  })
}

resource "aws_kms_key" "images" {
  description             = "Encrypts the images of ${var.project}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.images_key.json
}

resource "aws_kms_alias" "images" {
  name          = "alias/${var.project}-images"
  target_key_id = aws_kms_key.images.key_id
}

data "aws_iam_policy_document" "images_key" {
  statement {
    sid       = "AdministerKey"
    actions   = concat(local.key_administration, ["kms:EnableKeyRotation", "kms:GetKeyRotationStatus"])
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }
  }

  # The registry works by the grants it gets when the repository is made; nobody else uses the key.
  statement {
    sid       = "GrantToEcr"
    actions   = ["kms:CreateGrant", "kms:RetireGrant"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["ecr.${var.region}.amazonaws.com"]
    }
  }
}

# Signs image digests and SBOMs (cosign, awskms:///alias/…). KMS doesn't rotate asymmetric keys: a new key is a new alias,
# and old signatures stay verifiable as long as the old key is kept.
resource "aws_kms_key" "signing" {
  description              = "Signs the images of ${var.project}"
  key_usage                = "SIGN_VERIFY"
  customer_master_key_spec = "ECC_NIST_P256"
  deletion_window_in_days  = 30
  policy                   = data.aws_iam_policy_document.signing_key.json
}

resource "aws_kms_alias" "signing" {
  name          = "alias/${var.project}-signing"
  target_key_id = aws_kms_key.signing.key_id
}

data "aws_iam_policy_document" "signing_key" {
  statement {
    sid       = "AdministerKey"
    actions   = local.key_administration
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }
  }

  statement {
    sid       = "VerifySignatures"
    actions   = ["kms:GetPublicKey", "kms:Verify"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }
  }

  # With a pipeline only its build step signs; without one, whoever the account's own policies let.
  statement {
    sid       = "SignImages"
    actions   = ["kms:Sign"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = coalescelist([for role in aws_iam_role.build : role.arn], ["arn:${local.partition}:iam::${local.account}:root"])
    }
  }
}
