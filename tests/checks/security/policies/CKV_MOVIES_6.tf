resource "aws_cloudwatch_log_group" "pass_kept" {
  name              = "api"
  retention_in_days = 30
  kms_key_id        = "arn:aws:kms:eu-west-1:123456789012:key/k"
}

resource "aws_cloudwatch_log_group" "fail_too_short" {
  name              = "api"
  retention_in_days = 7
  kms_key_id        = "arn:aws:kms:eu-west-1:123456789012:key/k"
}

resource "aws_cloudwatch_log_group" "fail_for_ever" {
  name       = "api"
  kms_key_id = "arn:aws:kms:eu-west-1:123456789012:key/k"
}

resource "aws_cloudwatch_log_group" "fail_no_key" {
  name              = "api"
  retention_in_days = 365
}
