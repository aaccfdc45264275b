# Real plans without an account: nothing here asks AWS for anything.
provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  name                  = "movies-test"
  domain_prefix         = "movies-test-123456789012"
  swagger_callback_urls = ["https://movies.example.com/docs/oauth2-redirect.html"]
}

run "by_default_people_need_a_second_factor_and_a_pool_survives_mistakes" {
  command = plan

  assert {
    condition     = aws_cognito_user_pool.main.mfa_configuration == "ON" && one(aws_cognito_user_pool.main.software_token_mfa_configuration).enabled
    error_message = "A password is enough to sign in."
  }

  assert {
    condition     = aws_cognito_user_pool.main.deletion_protection == "ACTIVE" && aws_cognito_user_pool.main.user_pool_tier == "PLUS"
    error_message = "The pool can be deleted, or isn't watched for leaked passwords."
  }
}

run "the_token_endpoint_is_the_domains" {
  command = plan

  assert {
    condition     = output.token_endpoint == "https://movies-test-123456789012.auth.eu-west-1.amazoncognito.com/oauth2/token"
    error_message = "The token endpoint isn't on the sign-in domain."
  }
}
