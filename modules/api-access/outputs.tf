output "issuer" {
  description = "Issuer of the tokens: the value of their claim iss, and where discovery starts."
  value       = "https://${aws_cognito_user_pool.main.endpoint}"
}

output "audience" {
  description = "Client ids whose tokens the API accepts. Cognito's access tokens carry client_id and no aud."
  value = concat(
    [aws_cognito_user_pool_client.machine.id, aws_cognito_user_pool_client.swagger.id],
    [for client in aws_cognito_user_pool_client.reader : client.id],
  )
}

output "machine_client_id" {
  description = "Id of the client for programs (client credentials). Its secret is no output."
  value       = aws_cognito_user_pool_client.machine.id
}

output "swagger_client_id" {
  description = "Id of the public client that Swagger UI signs people in with (code and PKCE)."
  value       = aws_cognito_user_pool_client.swagger.id
}

output "reader_ids" {
  description = "Id of each client of `readers`."
  value       = { for name, client in aws_cognito_user_pool_client.reader : name => client.id }
}

output "reader_secrets" {
  description = "Secret of each client of `readers`, to be put where its program reads it."
  value       = { for name, client in aws_cognito_user_pool_client.reader : name => client.client_secret }
  sensitive   = true
}

output "token_endpoint" {
  description = "Where a client exchanges its credentials or a code for tokens."
  value       = "https://${aws_cognito_user_pool_domain.main.domain}.auth${startswith(data.aws_region.current.name, "us-gov-") ? "-fips" : ""}.${data.aws_region.current.name}.amazoncognito.com/oauth2/token"
}

output "user_pool_arn" {
  description = "ARN of the user pool, for policies and tests."
  value       = aws_cognito_user_pool.main.arn
}
