#!/usr/bin/env bash
# in-toto-attestation 0.9.3 for Python refuses a resource that has its content and nothing else, and takes one that has only a name. The specification of the resource descriptor (version 1) asks for one of uri, digest or content; a name alone isn't enough.
# Seen: content refused, name taken, uri taken
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/pip" install --quiet --disable-pip-version-check in-toto-attestation==0.9.3
"$work/python/bin/python" - <<'PYTHON'
import sys
from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor


def judge(**fields):
    try:
        ResourceDescriptor(**fields).validate()
        return 'taken'
    except ValueError:
        return 'refused'


seen = {
    'content': judge(content=b'{"passed":true}'),
    'name': judge(name='report'),
    'uri': judge(uri='https://example.com/report'),
}
print(', '.join(f'{field} {verdict}' for field, verdict in seen.items()))
sys.exit(0 if seen == {'content': 'refused', 'name': 'taken', 'uri': 'taken'} else 1)
PYTHON
