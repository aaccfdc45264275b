#!/usr/bin/env bash
# moto 5.2.5 answers an empty list, without an error, to PartiQL conditions with IN, BETWEEN, OR and <>. DynamoDB documents all of them for SELECT.
# Seen: rating > 7 finds Clerks; IN, BETWEEN, OR and <> find nothing of two matching movies
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
for title, rating in (('Speed', '7'), ('Clerks', '8')):
    client.put_item(TableName='movies', Item={**key, 'title': {'S': title}, 'rating': {'N': rating}})

wanted = {
    '"rating" > 7': ['Clerks'],
    '"rating" IN [7, 8]': [],
    '"rating" BETWEEN 7 AND 8': [],
    '"rating" = 7 OR "rating" = 8': [],
    '"rating" <> 5': [],
}
seen = {}
for condition in wanted:
    items = client.execute_statement(Statement='SELECT * FROM "movies" WHERE ' + condition)['Items']
    seen[condition] = [item['title']['S'] for item in items]
print('moto 5.2.5:', seen)
sys.exit(0 if seen == wanted else 1)
PYTHON
