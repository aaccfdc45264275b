#!/usr/bin/env bash
# moto 5.2.5 takes a put and a delete of one key in one BatchWriteItem. DynamoDB documents that such a request is rejected as a whole; DynamoDB Local 2.6.1 and dynalite 4.0.0 answer ValidationException.
# Seen: accepted; nothing unprocessed; the item is gone
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
answer = client.batch_write_item(
    RequestItems={'movies': [{'PutRequest': {'Item': key}}, {'DeleteRequest': {'Key': key}}]}
)
left = client.scan(TableName='movies')['Count']
print('moto 5.2.5: accepted, unprocessed', answer['UnprocessedItems'], 'items left', left)
sys.exit(0 if answer['UnprocessedItems'] == {} and left == 0 else 1)
PYTHON
