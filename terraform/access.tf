# Who may call: tokens of a user pool of our own, or of the issuer named in var.oidc.
module "api_access" {
  source   = "../modules/api-access"
  for_each = toset(var.oidc == null ? ["cognito"] : [])

  name          = local.name
  domain_prefix = "${local.name}-${data.aws_caller_identity.current.account_id}"

  # Cognito sends people back over TLS only, or to their own machine.
  swagger_callback_urls = toset(concat(
    var.domain_name == null ? [] : ["https://${var.domain_name}/api/docs/oauth2-redirect.html"],
    var.environment == "prod" ? [] : ["http://localhost:8080/api/docs/oauth2-redirect.html"],
  ))

  # Signs in for the outside probe (outside.tf).
  readers = toset(var.outside_probe == null ? [] : ["outside"])

  mfa                         = var.environment == "prod" ? "ON" : "OPTIONAL"
  threat_protection           = var.environment == "prod" ? "ENFORCED" : "OFF"
  deletion_protection_enabled = var.environment == "prod"
}
