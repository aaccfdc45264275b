#!/usr/bin/env bash
# moto 5.2.5 leaves the deployment of an ECS service on the old task definition after UpdateService: the service names the new one. AWS documents that a new deployment becomes PRIMARY with it and the old one ACTIVE, so who waits for a rollout by its deployments sees none.
# Seen: service movies:2; deployments PRIMARY movies:1
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/pip" install --quiet --disable-pip-version-check 'moto[ecs]==5.2.5' boto3==1.44.5
export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_DEFAULT_REGION=eu-west-1
"$work/python/bin/python" - <<'PYTHON'
import sys
import boto3
from moto import mock_aws

mock = mock_aws()
mock.start()
client = boto3.client('ecs')
client.create_cluster(clusterName='movies')
for image in ('movies:one', 'movies:two'):
    client.register_task_definition(
        family='movies', containerDefinitions=[{'name': 'api', 'image': image, 'memory': 512}]
    )
client.create_service(cluster='movies', serviceName='api', taskDefinition='movies:1', desiredCount=2)
client.update_service(cluster='movies', service='api', taskDefinition='movies:2')
service = client.describe_services(cluster='movies', services=['api'])['services'][0]
named = service['taskDefinition'].split('/')[-1]
deployments = [(one['status'], one['taskDefinition'].split('/')[-1]) for one in service['deployments']]
print('moto 5.2.5: service', named, 'deployments', deployments)
sys.exit(0 if named == 'movies:2' and deployments == [('PRIMARY', 'movies:1')] else 1)
PYTHON
