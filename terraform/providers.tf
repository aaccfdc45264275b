# Tags are made of variables only: one that is known after apply only would be left out of the plan, and stop the apply.
# The commit is a tag of what a release changes (task definition and service): elsewhere it would be all that changes.
provider "aws" {
  region              = var.region
  allowed_account_ids = var.account_id == null ? null : [var.account_id]

  default_tags {
    tags = {
      project     = var.project
      environment = var.environment
      deployment  = "${var.project}-${var.environment}" # a budget can't ask for two tags at once
      owner       = var.owner
      cost_centre = var.cost_centre
      repository  = var.repository
    }
  }
}

# Where the table's replica and its key live. The region must not follow whether there is a replica: related keys share
# one id, so a provider that falls back to the home region would delete the table's own key in the place of its replica.
provider "aws" {
  alias               = "replica"
  region              = local.replica_region
  allowed_account_ids = var.account_id == null ? null : [var.account_id]

  default_tags {
    tags = {
      project     = var.project
      environment = var.environment
      deployment  = "${var.project}-${var.environment}"
      owner       = var.owner
      cost_centre = var.cost_centre
      repository  = var.repository
    }
  }
}
