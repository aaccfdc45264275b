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

run "strangers_cannot_sign_up_and_people_need_a_second_factor" {
  command = plan

  assert {
    condition     = one(aws_cognito_user_pool.main.admin_create_user_config).allow_admin_create_user_only
    error_message = "Anybody can sign up."
  }

  assert {
    condition     = aws_cognito_user_pool.main.mfa_configuration == "ON" && one(aws_cognito_user_pool.main.software_token_mfa_configuration).enabled
    error_message = "A password is enough to sign in."
  }

  assert {
    condition     = aws_cognito_user_pool.main.deletion_protection == "ACTIVE" && aws_cognito_user_pool.main.user_pool_tier == "PLUS"
    error_message = "The pool can be deleted, or isn't watched for leaked passwords."
  }
}

run "the_scopes_are_movies_read_and_movies_write" {
  command = plan

  assert {
    condition     = aws_cognito_user_pool_client.machine.allowed_oauth_scopes == toset(["movies/read", "movies/write"])
    error_message = "The machine client's scopes aren't exactly the service's."
  }

  assert {
    condition     = aws_cognito_user_pool_client.swagger.allowed_oauth_scopes == toset(["openid", "movies/read", "movies/write"])
    error_message = "Swagger UI's scopes aren't exactly the service's and openid."
  }
}

run "a_reader_may_read_and_is_accepted" {
  command = plan

  variables {
    readers = ["outside"]
  }

  assert {
    condition     = aws_cognito_user_pool_client.reader["outside"].allowed_oauth_scopes == toset(["movies/read"]) && aws_cognito_user_pool_client.reader["outside"].generate_secret
    error_message = "A reader may write, or has no secret."
  }
}

run "a_program_uses_its_secret_and_a_browser_has_none" {
  command = plan

  assert {
    condition     = aws_cognito_user_pool_client.machine.generate_secret && aws_cognito_user_pool_client.machine.allowed_oauth_flows == toset(["client_credentials"])
    error_message = "The machine client doesn't use client credentials alone."
  }

  assert {
    condition     = !aws_cognito_user_pool_client.swagger.generate_secret && aws_cognito_user_pool_client.swagger.allowed_oauth_flows == toset(["code"])
    error_message = "Swagger UI's client isn't public with the code flow alone."
  }

  assert {
    condition = (
      aws_cognito_user_pool_client.machine.explicit_auth_flows == toset(["ALLOW_REFRESH_TOKEN_AUTH"]) &&
      aws_cognito_user_pool_client.swagger.explicit_auth_flows == toset(["ALLOW_REFRESH_TOKEN_AUTH"])
    )
    error_message = "A client takes passwords over the API."
  }
}

run "a_test_pool_goes_without_the_plus_tier" {
  command = plan

  variables {
    threat_protection           = "OFF"
    mfa                         = "OPTIONAL"
    deletion_protection_enabled = false
    swagger_callback_urls       = ["http://localhost:8080/docs/oauth2-redirect.html"]
  }

  assert {
    condition     = aws_cognito_user_pool.main.user_pool_tier == "ESSENTIALS" && aws_cognito_user_pool.main.deletion_protection == "INACTIVE"
    error_message = "A test pool is charged for the Plus tier, or can't be removed."
  }
}

run "the_token_endpoint_is_the_domains" {
  command = plan

  assert {
    condition     = output.token_endpoint == "https://movies-test-123456789012.auth.eu-west-1.amazoncognito.com/oauth2/token"
    error_message = "The token endpoint isn't on the sign-in domain."
  }
}
