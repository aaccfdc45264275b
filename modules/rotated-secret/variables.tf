# No validations: what would be wrong here, the provider refuses at plan.

variable "name" {
  type        = string
  description = "Begin of the names of both slots: <name>-a and <name>-b."
}

variable "description" {
  type        = string
  description = "What the secret is for."
}

variable "kms_key_arn" {
  type        = string
  description = "Key that encrypts the secret."
}

variable "stage" {
  type        = number
  description = "How far the secret was rotated, from 0. One more, and only one, is safe while tasks run; a rotation is three."
}

variable "recovery_window_days" {
  type        = number
  description = "Days in which a deleted secret can be brought back, 7 to 30; 0 deletes it at once, so that its name is free again."
}
