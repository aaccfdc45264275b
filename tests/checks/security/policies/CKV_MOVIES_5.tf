resource "aws_dynamodb_table" "pass_own_key" {
  name     = "movies"
  hash_key = "id"
  server_side_encryption {
    enabled     = true
    kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/k"
  }
}

resource "aws_dynamodb_table" "fail_key_of_aws" {
  name     = "movies"
  hash_key = "id"
  server_side_encryption {
    enabled = true
  }
}

resource "aws_dynamodb_table" "fail_absent" {
  name     = "movies"
  hash_key = "id"
}
