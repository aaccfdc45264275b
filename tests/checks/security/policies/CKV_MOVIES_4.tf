resource "aws_dynamodb_table" "pass_protected" {
  name                        = "movies"
  hash_key                    = "id"
  deletion_protection_enabled = true
}

resource "aws_dynamodb_table" "fail_off" {
  name                        = "movies"
  hash_key                    = "id"
  deletion_protection_enabled = false
}

resource "aws_dynamodb_table" "fail_absent" {
  name     = "movies"
  hash_key = "id"
}
