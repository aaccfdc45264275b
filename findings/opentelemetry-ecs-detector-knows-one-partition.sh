#!/usr/bin/env bash
# The ECS detector of @opentelemetry/resource-detector-aws 2.23.0 finds nothing, not even the task, where ARNs have another partition: GovCloud, China, the European Sovereign Cloud. OpenTelemetry documents its attributes for ECS without such a limit, and AWS the same metadata in all partitions.
# Seen: aws: task, cluster, region; aws-us-gov, aws-cn, aws-eusc: no attribute
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @opentelemetry/api@1.9.0 @opentelemetry/resources@2.7.1 @opentelemetry/resource-detector-aws@2.23.0
cat >run.js <<'JAVASCRIPT'
import { once } from 'node:events';
import { createServer } from 'node:http';
import { awsEcsDetector } from '@opentelemetry/resource-detector-aws';
import { detectResources } from '@opentelemetry/resources';

const regions = { aws: 'eu-west-1', 'aws-us-gov': 'us-gov-west-1', 'aws-cn': 'cn-north-1', 'aws-eusc': 'eusc-de-east-1' };
const seen = {};
for (const [partition, region] of Object.entries(regions)) {
  const arn = (what) => `arn:${partition}:ecs:${region}:123456789012:${what}`;
  const task = {
    Cluster: arn('cluster/movies'),
    TaskARN: arn('task/movies/158d1c8083dd49d6b527399fd6414f5c'),
    Family: 'movies',
    Revision: '3',
    LaunchType: 'FARGATE',
  };
  const container = { ContainerARN: arn('container/movies/158d1c8083dd49d6b527399fd6414f5c/05966557'), LogDriver: 'awslogs' };
  const server = createServer((request, response) => response.end(JSON.stringify(request.url === '/v4/task' ? task : container)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.env.ECS_CONTAINER_METADATA_URI_V4 = `http://127.0.0.1:${server.address().port}/v4`;
  const resource = detectResources({ detectors: [awsEcsDetector] });
  await resource.waitForAsyncAttributes();
  server.close();
  seen[partition] = ['aws.ecs.task.arn', 'aws.ecs.cluster.arn', 'cloud.region', 'cloud.provider'].filter((name) => resource.attributes[name]);
}
console.log(seen);
process.exit(seen.aws.length === 4 && Object.values(seen).flat().length === 4 ? 0 : 1);
JAVASCRIPT
node run.js
