#!/usr/bin/env bash
# botocore 1.44.5 lists no region for AWS FIS in any partition, though it has a client whose endpoint resolves and AWS documents endpoints of FIS in most regions.
# Seen: regions [] in aws and aws-us-gov; endpoint https://fis.eu-west-1.amazonaws.com
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/pip" install --quiet --disable-pip-version-check boto3==1.44.5 botocore==1.44.5
"$work/python/bin/python" - <<'PYTHON'
import sys
import boto3
import botocore

session = boto3.Session(aws_access_key_id='local', aws_secret_access_key='local')
regions = {part: session.get_available_regions('fis', partition_name=part) for part in ('aws', 'aws-us-gov')}
endpoint = session.client('fis', region_name='eu-west-1').meta.endpoint_url
print('botocore', botocore.__version__, 'regions of FIS', regions, 'endpoint', endpoint)
sys.exit(0 if not any(regions.values()) and endpoint == 'https://fis.eu-west-1.amazonaws.com' else 1)
PYTHON
