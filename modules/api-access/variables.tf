variable "name" {
  type        = string
  description = "Name of the user pool and prefix of its clients' names."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,62}$", var.name))
    error_message = "name must have 2 to 63 lower-case letters, digits or hyphens and start with a letter."
  }
}

variable "domain_prefix" {
  type        = string
  description = "First label of the sign-in domain <prefix>.auth.<region>.amazoncognito.com; unique in the whole region, so put the account's id in it."

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.domain_prefix))
    error_message = "domain_prefix must have 1 to 63 lower-case letters, digits or hyphens, with no hyphen at either end."
  }

  validation {
    condition     = !can(regex("aws|amazon|cognito", var.domain_prefix))
    error_message = "domain_prefix must not contain aws, amazon or cognito: Cognito reserves them."
  }
}

variable "swagger_callback_urls" {
  type        = set(string)
  description = "Where Cognito may send a person back to after signing in: each the full URL of Swagger UI's oauth2-redirect.html."

  validation {
    condition     = length(var.swagger_callback_urls) > 0
    error_message = "swagger_callback_urls must hold at least one URL: the code flow needs somewhere to return to."
  }

  validation {
    condition = alltrue([
      for url in var.swagger_callback_urls : can(regex("^(https://[^/#*]+|http://localhost(:[0-9]+)?)(/[^#*]*)?$", url))
    ])
    error_message = "Each of swagger_callback_urls must be an https URL, or http on localhost (Cognito takes plain HTTP nowhere else), without a fragment or *."
  }
}

variable "readers" {
  type        = set(string)
  description = "Further clients of programs (client credentials), which may read movies and nothing else. Each costs what the machine client does."
  default     = []
}

variable "mfa" {
  type        = string
  description = "Whether people need a one-time code beside their password: ON, or OPTIONAL where only test accounts sign in."
  default     = "ON"

  validation {
    condition     = contains(["ON", "OPTIONAL"], var.mfa)
    error_message = "mfa must be ON or OPTIONAL."
  }
}

variable "threat_protection" {
  type        = string
  description = "What Cognito does about leaked passwords and suspicious sign-ins: ENFORCED or AUDIT (both on the Plus tier, charged per user), or OFF."
  default     = "ENFORCED"

  validation {
    condition     = contains(["ENFORCED", "AUDIT", "OFF"], var.threat_protection)
    error_message = "threat_protection must be ENFORCED, AUDIT or OFF."
  }
}

variable "access_token_minutes" {
  type        = number
  description = "How long an access token lives, in minutes. The API checks tokens by themselves, so this is also how long a revoked one still works."
  default     = 15

  validation {
    condition = (
      var.access_token_minutes >= 5 &&
      var.access_token_minutes <= 60 &&
      floor(var.access_token_minutes) == var.access_token_minutes
    )
    error_message = "access_token_minutes must be a whole number from 5 (Cognito's least) to 60 (our most)."
  }
}

variable "deletion_protection_enabled" {
  type        = bool
  description = "Whether Cognito refuses to delete the pool. False only where its people and clients can be made again."
  default     = true
}
