resource "aws_iam_role_policy" "pass_named_actions" {
  role = "task"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["dynamodb:GetItem", "dynamodb:Query"], Resource = "arn:aws:dynamodb:eu-west-1:123456789012:table/movies" }]
  })
}

resource "aws_iam_role_policy" "pass_everything_denied" {
  role = "task"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Deny", Action = "*", Resource = "arn:aws:dynamodb:eu-west-1:123456789012:table/movies" }]
  })
}

resource "aws_iam_role_policy" "fail_everything" {
  role = "task"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "*", Resource = "arn:aws:dynamodb:eu-west-1:123456789012:table/movies" }]
  })
}

resource "aws_iam_role_policy" "fail_everything_of_a_service" {
  role = "task"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["dynamodb:*"], Resource = "arn:aws:dynamodb:eu-west-1:123456789012:table/movies" }]
  })
}
