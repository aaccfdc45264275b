#!/usr/bin/env bash
# moto 5.2.5 restores a table to a point in time without the billing mode and the key that the request asks for. AWS documents both as overrides of RestoreTableToPointInTime, and the settings of the source where none is given.
# Seen: billing PROVISIONED; encryption none
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
key = 'arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555'
encryption = {'Enabled': True, 'SSEType': 'KMS', 'KMSMasterKeyId': key}
client.create_table(
    TableName='movies',
    BillingMode='PAY_PER_REQUEST',
    SSESpecification=encryption,
    KeySchema=[{'AttributeName': 'title', 'KeyType': 'HASH'}],
    AttributeDefinitions=[{'AttributeName': 'title', 'AttributeType': 'S'}],
)
client.update_continuous_backups(
    TableName='movies', PointInTimeRecoverySpecification={'PointInTimeRecoveryEnabled': True}
)
client.restore_table_to_point_in_time(
    SourceTableName='movies',
    TargetTableName='restored',
    UseLatestRestorableTime=True,
    BillingModeOverride='PAY_PER_REQUEST',
    SSESpecificationOverride=encryption,
)
table = client.describe_table(TableName='restored')['Table']
billing = table.get('BillingModeSummary', {}).get('BillingMode', 'PROVISIONED')
held = table.get('SSEDescription', {}).get('KMSMasterKeyArn', 'none')
print('moto 5.2.5: billing', billing, 'encryption', held)
sys.exit(0 if billing == 'PROVISIONED' and held == 'none' else 1)
PYTHON
