# Names and the one source of truth of the table; references to resources are never routed through here (they could not
# be followed in a plan).
locals {
  name = "${var.project}-${var.environment}"

  # Names of roles, buckets and budgets are global: they end with their region, shortened as in euw1 or usgovw1.
  region_code = replace(var.region, "/-|orth|outh|ast|est|entral/", "")

  table          = jsondecode(file("${path.root}/../app/table.json"))
  zones          = slice(data.aws_availability_zones.all.names, 0, 3)
  replica_region = coalesce(var.replica_region, concat(sort(setsubtract(var.allowed_regions, [var.region])), [var.region])[0])
}

# Whatever state a zone is in: one that fails must neither stop the deployment that cures it nor move the subnets.
data "aws_availability_zones" "all" {
  exclude_zone_ids = var.exclude_zone_ids

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }

  lifecycle {
    postcondition {
      condition     = length(self.names) >= 3
      error_message = "${var.region} offers ${length(self.names)} zones to this account; the service needs three."
    }
  }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}
