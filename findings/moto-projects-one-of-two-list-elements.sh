#!/usr/bin/env bash
# moto 5.2.5 answers only the last of several elements of one list that a projection asks for. DynamoDB documents list elements as document paths of a projection; DynamoDB Local 2.6.1 and dynalite 4.0.0 answer both.
# Seen: actors[0], actors[2] of [Keanu, Sandra, Dennis] answers [Dennis]
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
actors = [{'S': name} for name in ('Keanu', 'Sandra', 'Dennis')]
client.put_item(TableName='movies', Item={**key, 'actors': {'L': actors}})
item = client.get_item(TableName='movies', Key=key, ProjectionExpression='actors[0], actors[2]')['Item']
seen = [actor['S'] for actor in item['actors']['L']]
print('moto 5.2.5: actors[0], actors[2] of Keanu, Sandra, Dennis:', seen)
sys.exit(0 if seen == ['Dennis'] else 1)
PYTHON
