provider "aws" {
  region              = var.region
  allowed_account_ids = var.account_id == null ? null : [var.account_id]

  default_tags {
    tags = {
      project     = var.project
      environment = "shared"
      owner       = var.owner
      cost_centre = var.cost_centre
      repository  = var.repository
      commit      = var.commit
    }
  }
}
