resource "aws_dynamodb_table" "pass_recovery" {
  name     = "movies"
  hash_key = "id"
  point_in_time_recovery {
    enabled = true
  }
}

resource "aws_dynamodb_table" "fail_off" {
  name     = "movies"
  hash_key = "id"
  point_in_time_recovery {
    enabled = false
  }
}

resource "aws_dynamodb_table" "fail_absent" {
  name     = "movies"
  hash_key = "id"
}
