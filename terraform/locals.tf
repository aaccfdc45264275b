# Names and the one source of truth of the table; references to resources are never routed through here (they could not
# be followed in a plan).
locals {
  name  = "${var.project}-${var.environment}"
  table = jsondecode(file("${path.root}/../app/table.json"))
  zones = slice(data.aws_availability_zones.available.names, 0, 3)
}

data "aws_availability_zones" "available" {
  state = "available"

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
