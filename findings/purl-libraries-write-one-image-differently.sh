#!/usr/bin/env bash
# packageurl-python 0.17.6 and packageurl-js 2.0.1 write one image's package URL differently, so an SBOM and a finding about it don't meet by text. The specification has one canonical form: in a qualifier the colon is never encoded and the slash always is; each library breaks one of the two rules.
# Seen: registry.example.com:5000/movies by Python, registry.example.com%3A5000%2Fmovies by JavaScript
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts packageurl-js@2.0.1
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check packageurl-python==0.17.6
cat >write.py <<'PYTHON'
import sys
from packageurl import PackageURL

print(PackageURL.from_string(sys.argv[1]).to_string())
PYTHON
cat >write.js <<'JAVASCRIPT'
import { PackageURL } from 'packageurl-js';

console.log(PackageURL.fromString(process.argv[2]).toString());
JAVASCRIPT
image='pkg:oci/movies@sha256:0f3a?repository_url=registry.example.com'
canonical="$image:5000%2Fmovies"
python="$(python/bin/python write.py "$canonical")"
javascript="$(node write.js "$canonical")"
printf '%s\n' "canonical  $canonical" "Python     $python" "JavaScript $javascript"
[ "$python" = "$image:5000/movies" ] && [ "$javascript" = "$image%3A5000%2Fmovies" ]
