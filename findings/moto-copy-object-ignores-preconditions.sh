#!/usr/bin/env bash
# moto 5.2.5 copies an S3 object although the preconditions of the copy don't hold. AWS documents 412 for both (CopyObject: IfNoneMatch, CopySourceIfMatch); moto's own PutObject answers 412.
# Seen: copied although the target exists; copied although the source is another
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/pip" install --quiet --disable-pip-version-check 'moto[s3]==5.2.5' boto3==1.44.5
export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_DEFAULT_REGION=eu-west-1
"$work/python/bin/python" - <<'PYTHON'
import sys
import boto3
from moto import mock_aws

mock = mock_aws()
mock.start()
client = boto3.client('s3')
client.create_bucket(Bucket='movies', CreateBucketConfiguration={'LocationConstraint': 'eu-west-1'})
for name in ('source', 'target'):
    client.put_object(Bucket='movies', Key=name, Body=name.encode())


def outcome(**precondition):
    try:
        client.copy_object(Bucket='movies', Key='target', CopySource='movies/source', **precondition)
        return 'copied'
    except client.exceptions.ClientError as error:
        return error.response['Error']['Code']


seen = (outcome(IfNoneMatch='*'), outcome(CopySourceIfMatch='"another"'))
print('moto 5.2.5: target exists, IfNoneMatch *:', seen[0] + '; source has another tag, CopySourceIfMatch:', seen[1])
sys.exit(0 if seen == ('copied', 'copied') else 1)
PYTHON
