provider "aws" {
  region              = var.region
  allowed_account_ids = var.account_id == null ? null : [var.account_id]

  default_tags {
    tags = {
      project     = var.project
      environment = var.environment
      owner       = var.owner
      cost_centre = var.cost_centre
      repository  = var.repository
      commit      = var.commit
    }
  }
}

# Where the table's replica and its key live; the region of everything when there is none.
provider "aws" {
  alias               = "replica"
  region              = coalesce(var.replica_region, var.region)
  allowed_account_ids = var.account_id == null ? null : [var.account_id]

  default_tags {
    tags = {
      project     = var.project
      environment = var.environment
      owner       = var.owner
      cost_centre = var.cost_centre
      repository  = var.repository
      commit      = var.commit
    }
  }
}
