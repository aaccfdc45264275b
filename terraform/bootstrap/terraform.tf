terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }

  # The state begins on the machine that runs this first, and then moves into the bucket that it made:
  #   terraform apply                                   (once, by `make bootstrap`)
  #   terraform output -raw own_backend > backend.tf    (not committed: it names the account)
  #   terraform init -migrate-state                     (asks once, copies the state; delete terraform.tfstate* after)
}
