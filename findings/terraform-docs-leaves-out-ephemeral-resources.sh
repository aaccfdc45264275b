#!/usr/bin/env bash
# terraform-docs 0.20.0 lists neither an ephemeral resource (Terraform 1.10) nor the provider that it comes from, though the provider is a requirement of the module and nothing else uses it.
# Seen: requirements aws random; providers aws; resources secretsmanager_secret_version
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
export GOPATH="$work/go" GOFLAGS='-modcacherw -mod=mod'
cd "$work"
printf 'module finding\n\ngo 1.24\n\nrequire github.com/terraform-docs/terraform-docs v0.20.0\n' >go.mod
go build -o tool github.com/terraform-docs/terraform-docs 2>/dev/null
mkdir module
cat >module/main.tf <<'HCL'
terraform {
  required_version = ">= 1.11"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
    random = {
      source  = "hashicorp/random"
      version = "3.7.2"
    }
  }
}

ephemeral "random_password" "main" {
  length = 32
}

resource "aws_secretsmanager_secret_version" "main" {
  secret_id                = "movies"
  secret_string_wo         = ephemeral.random_password.main.result
  secret_string_wo_version = 1
}
HCL
./tool json module >told.json
python3 - <<'PYTHON'
import json
import sys

told = json.load(open('told.json'))
required = sorted(one['name'] for one in told['requirements'] if one['name'] != 'terraform')
providers = [one['name'] for one in told['providers']]
resources = [one['type'] for one in told['resources']]
print(f'requirements {" ".join(required)}; providers {" ".join(providers)}; resources {" ".join(resources)}')
sys.exit(0 if (required, providers, resources) == (['aws', 'random'], ['aws'], ['secretsmanager_secret_version']) else 1)
PYTHON
