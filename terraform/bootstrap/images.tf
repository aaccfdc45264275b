resource "aws_ecr_repository" "service" {
  name                 = var.project
  image_tag_mutability = "IMMUTABLE"
  force_delete         = var.state_is_disposable

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = aws_kms_key.main["images"].arn
  }

  image_scanning_configuration {
    scan_on_push = true
  }
}

# The outside probe runs from the image that serves. Lambda reads it in its own name, and would write this policy itself
# where it is missing, by a right that the pipeline is denied.
resource "aws_ecr_repository_policy" "service" {
  repository = aws_ecr_repository.service.name
  policy     = data.aws_iam_policy_document.images.json
}

data "aws_iam_policy_document" "images" {
  statement {
    sid     = "FunctionsOfThisAccountPull"
    actions = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:lambda:*:${local.account}:function:${var.project}-*-outside"]
    }
  }
}

# A lifecycle rule sees tags and age, never what runs. What runs is therefore said by a tag: before an image is deployed
# it also gets deployed-<environment>-<commit>. ECR gives each image to the first rule that its tags match, and no later
# rule may expire it: rule 1 takes every deployed image and expires none (its age is a hundred years), so rule 2 is left
# with the candidates that nobody deployed. Untagged images are kept: one pushed or deployed by digest alone, the parts
# of a multi-platform index and signatures all look untagged. An image with any other tag matches no rule and stays: the
# collector of the tasks, which is collector-<digest>, is one.
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
