# No validations: what would be wrong here, the provider refuses at plan.

variable "name" {
  type        = string
  description = "Name of the secret."
}

variable "description" {
  type        = string
  description = "What the secret is for."
}

variable "kms_key_arn" {
  type        = string
  description = "Key that encrypts the secret."
}

variable "generation" {
  type        = number
  description = "Raise it to have a new value made; the same number leaves the value alone."
}

variable "recovery_window_days" {
  type        = number
  description = "Days in which a deleted secret can be brought back, 7 to 30; 0 deletes it at once, so that its name is free again."
}
