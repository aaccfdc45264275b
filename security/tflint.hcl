# All of the terraform rules that are part of tflint. The AWS rule set is a plugin that tflint downloads from GitHub: where
# that can be reached, tflint-aws.hcl adds it (`make lint-terraform TFLINT_CONFIG=security/tflint-aws.hcl`).
config {
  call_module_type = "local"
}

plugin "terraform" {
  enabled = true
  preset  = "all"
}

# Files are named for the concern that they hold, not for the kind of block.
rule "terraform_standard_module_structure" {
  enabled = false
}
