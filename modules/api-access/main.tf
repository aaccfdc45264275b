data "aws_region" "current" {}

resource "aws_cognito_user_pool" "main" {
  name                = var.name
  deletion_protection = var.deletion_protection_enabled ? "ACTIVE" : "INACTIVE"
  user_pool_tier      = var.threat_protection == "OFF" ? "ESSENTIALS" : "PLUS"
  mfa_configuration   = var.mfa

  username_attributes      = ["email"]
  auto_verified_attributes = ["email"]

  username_configuration {
    case_sensitive = false
  }

  admin_create_user_config {
    allow_admin_create_user_only = true
  }

  password_policy {
    minimum_length                   = 14
    require_lowercase                = true
    require_numbers                  = true
    require_symbols                  = true
    require_uppercase                = true
    password_history_size            = 12
    temporary_password_validity_days = 1
  }

  # An app, never a text message: those can be redirected, and each costs money.
  software_token_mfa_configuration {
    enabled = true
  }

  account_recovery_setting {
    recovery_mechanism {
      name     = "verified_email"
      priority = 1
    }
  }

  user_attribute_update_settings {
    attributes_require_verification_before_update = ["email"]
  }

  user_pool_add_ons {
    advanced_security_mode = var.threat_protection
  }
}

resource "aws_cognito_user_pool_domain" "main" {
  domain       = var.domain_prefix
  user_pool_id = aws_cognito_user_pool.main.id
}

# The scopes are a contract with the service: it asks for exactly movies/read and movies/write.
resource "aws_cognito_resource_server" "movies" {
  identifier   = "movies"
  name         = "Movies API"
  user_pool_id = aws_cognito_user_pool.main.id

  scope {
    scope_name        = "read"
    scope_description = "Read movies"
  }

  scope {
    scope_name        = "write"
    scope_description = "Create, replace, change and delete movies"
  }
}

# Cognito makes the secret and the provider keeps a copy in the state; the README says how that copy is made worthless.
resource "aws_cognito_user_pool_client" "machine" {
  name            = "${var.name}-machine"
  user_pool_id    = aws_cognito_user_pool.main.id
  generate_secret = true

  allowed_oauth_flows                  = ["client_credentials"]
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_scopes = [
    for scope in aws_cognito_resource_server.movies.scope : "${aws_cognito_resource_server.movies.identifier}/${scope.scope_name}"
  ]

  # Without a value Cognito would also allow passwords over the API.
  explicit_auth_flows           = ["ALLOW_REFRESH_TOKEN_AUTH"]
  prevent_user_existence_errors = "ENABLED"
  enable_token_revocation       = true
  access_token_validity         = var.access_token_minutes

  token_validity_units {
    access_token = "minutes"
  }
}

# Programs of our own that change nothing, each with a client and a secret of its own.
resource "aws_cognito_user_pool_client" "reader" {
  for_each = var.readers

  name            = "${var.name}-${each.key}"
  user_pool_id    = aws_cognito_user_pool.main.id
  generate_secret = true

  allowed_oauth_flows                  = ["client_credentials"]
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_scopes                 = ["${aws_cognito_resource_server.movies.identifier}/read"]

  explicit_auth_flows           = ["ALLOW_REFRESH_TOKEN_AUTH"]
  prevent_user_existence_errors = "ENABLED"
  enable_token_revocation       = true
  access_token_validity         = var.access_token_minutes

  token_validity_units {
    access_token = "minutes"
  }
}

# A page in a browser keeps no secret: the code flow with PKCE needs none.
resource "aws_cognito_user_pool_client" "swagger" {
  name            = "${var.name}-swagger"
  user_pool_id    = aws_cognito_user_pool.main.id
  generate_secret = false

  allowed_oauth_flows                  = ["code"]
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_scopes = concat(["openid"], [
    for scope in aws_cognito_resource_server.movies.scope : "${aws_cognito_resource_server.movies.identifier}/${scope.scope_name}"
  ])
  callback_urls                = var.swagger_callback_urls
  supported_identity_providers = ["COGNITO"]

  explicit_auth_flows           = ["ALLOW_REFRESH_TOKEN_AUTH"]
  prevent_user_existence_errors = "ENABLED"
  enable_token_revocation       = true
  access_token_validity         = var.access_token_minutes
  id_token_validity             = var.access_token_minutes
  refresh_token_validity        = 8

  token_validity_units {
    access_token  = "minutes"
    id_token      = "minutes"
    refresh_token = "hours"
  }
}
