#!/usr/bin/env bash
# moto 5.2.5 stores a number of 39 digits. DynamoDB documents 38 digits and refuses more; DynamoDB Local 2.6.1 and dynalite 4.0.0 do so, too.
# Seen: stored as it was sent
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/pip" install --quiet --disable-pip-version-check 'moto[dynamodb]==5.2.5' boto3==1.44.5
export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_DEFAULT_REGION=eu-west-1
"$work/python/bin/python" - <<'PYTHON'
import sys
import boto3
from moto import mock_aws

mock = mock_aws()
mock.start()
client = boto3.client('dynamodb')
client.create_table(
    TableName='movies',
    BillingMode='PAY_PER_REQUEST',
    KeySchema=[{'AttributeName': 'year', 'KeyType': 'HASH'}, {'AttributeName': 'title', 'KeyType': 'RANGE'}],
    AttributeDefinitions=[
        {'AttributeName': 'year', 'AttributeType': 'N'},
        {'AttributeName': 'title', 'AttributeType': 'S'},
    ],
)
key = {'year': {'N': '1994'}, 'title': {'S': 'Speed'}}
sent = '1' * 39
client.put_item(TableName='movies', Item={**key, 'gross': {'N': sent}})
seen = client.get_item(TableName='movies', Key=key)['Item']['gross']['N']
print('moto 5.2.5 stores', seen)
sys.exit(0 if seen == sent else 1)
PYTHON
