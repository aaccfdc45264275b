#!/usr/bin/env bash
# moto 5.2.5 carries out a transaction a second time when it comes again with the same ClientRequestToken. AWS documents that the second call is idempotent for ten minutes; DynamoDB Local 2.6.1 changes nothing the second time.
# Seen: 2 after one transaction that adds 1 was sent twice
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
    KeySchema=[{'AttributeName': 'title', 'KeyType': 'HASH'}],
    AttributeDefinitions=[{'AttributeName': 'title', 'AttributeType': 'S'}],
)
key = {'title': {'S': 'Speed'}}
add = {
    'TableName': 'movies',
    'Key': key,
    'UpdateExpression': 'ADD votes :one',
    'ExpressionAttributeValues': {':one': {'N': '1'}},
}
for _ in range(2):
    client.transact_write_items(ClientRequestToken='vote-1', TransactItems=[{'Update': add}])
votes = client.get_item(TableName='movies', Key=key)['Item']['votes']['N']
print('moto 5.2.5: votes after one transaction was sent twice with one token:', votes)
sys.exit(0 if votes == '2' else 1)
PYTHON
