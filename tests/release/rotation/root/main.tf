# The keys alone, with the variables that a plan of the service is given.
variable "image" {
  type = string
}

variable "commit" {
  type = string
}

variable "cursor_key_stage" {
  type = number
}

terraform {
  required_version = ">= 1.11"

  backend "local" {}

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  region = "eu-west-1"

  default_tags {
    tags = { commit = var.commit }
  }
}

module "keys" {
  source = "../modules/rotated-secret"

  name                 = "movies-api-test/cursor"
  description          = "Signs page cursors"
  kms_key_arn          = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000"
  stage                = var.cursor_key_stage
  recovery_window_days = 0
}

output "image" {
  value = var.image
}

output "cursor_key_stage" {
  value = var.cursor_key_stage
}

output "signing" {
  value = module.keys.signing
}

output "accepted" {
  value = module.keys.accepted
}
