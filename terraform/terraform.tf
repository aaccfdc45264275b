terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # Bucket and region come with `terraform init -backend-config=…`: they differ by account (outputs of bootstrap/).
  backend "s3" {
    key          = "movies-api/terraform.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}
