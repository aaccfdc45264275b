#!/usr/bin/env bash
# moto 5.2.5 drops LoggingConfig of a Lambda function: it is accepted by CreateFunction and absent from GetFunctionConfiguration. AWS documents it in the answer of both.
# Seen: created without it; read without it
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/pip" install --quiet --disable-pip-version-check 'moto[awslambda]==5.2.5' boto3==1.44.5
export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_DEFAULT_REGION=eu-west-1
"$work/python/bin/python" - <<'PYTHON'
import io
import sys
import zipfile
import boto3
from moto import mock_aws

mock = mock_aws()
mock.start()
role = boto3.client('iam').create_role(RoleName='r', AssumeRolePolicyDocument='{"Version":"2012-10-17","Statement":[]}')
code = io.BytesIO()
with zipfile.ZipFile(code, 'w') as archive:
    archive.writestr('index.py', 'def handler(event, context):\n    return 1\n')
client = boto3.client('lambda')
created = client.create_function(
    FunctionName='look',
    Runtime='python3.13',
    Handler='index.handler',
    Role=role['Role']['Arn'],
    Code={'ZipFile': code.getvalue()},
    LoggingConfig={'LogFormat': 'Text', 'LogGroup': '/movies/outside'},
)
read = client.get_function_configuration(FunctionName='look')
print('moto 5.2.5: LoggingConfig created', created.get('LoggingConfig'), 'read', read.get('LoggingConfig'))
sys.exit(0 if created.get('LoggingConfig') is None and read.get('LoggingConfig') is None else 1)
PYTHON
