#!/usr/bin/env bash
# The schema of bitbucket-pipelines.yml in check-jsonschema 0.39.0 takes only a boolean for oidc of a step. Atlassian documents a list of audiences there, for tokens that several resource servers take; the same list is fine under options.
# Seen: oidc true valid; audiences of the options valid; audiences of a step refused
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check check-jsonschema==0.39.0
judge() {
  printf '%s\n' "$1" >pipelines.yml
  python/bin/check-jsonschema --builtin-schema vendor.bitbucket-pipelines pipelines.yml >told.txt && echo valid && return
  grep -q "is not of type 'boolean'" told.txt && echo refused || cat told.txt
}
audiences='{ audiences: ["https://movies.example.com", "https://sts.example.com"] }'
seen="$(judge 'pipelines: { default: [{ step: { oidc: true, script: [make] } }] }')"
seen="$seen $(judge "{ options: { oidc: $audiences }, pipelines: { default: [{ step: { script: [make] } }] } }")"
seen="$seen $(judge "pipelines: { default: [{ step: { oidc: $audiences, script: [make] } }] }")"
echo "oidc true, audiences of the options, audiences of a step: $seen"
[ "$seen" = 'valid valid refused' ]
