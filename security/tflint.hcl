# All of the terraform rules that are part of tflint. Its rules for AWS are a plugin, which it would download from GitHub.
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
