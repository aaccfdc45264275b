import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EC2Client } from '@aws-sdk/client-ec2';
import { ECSClient } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

/** The control plane of an account, as far as running its tasks takes. */
export interface AwsClients {
  readonly dynamodb: DynamoDBClient;
  readonly ecs: ECSClient;
  readonly ec2: EC2Client;
  readonly elb: ElasticLoadBalancingV2Client;
  readonly secrets: SecretsManagerClient;
  readonly logs: CloudWatchLogsClient;
  readonly destroy: () => void;
}

/** Clients of an emulated account: its address, and credentials that mean nothing. */
export function createAwsClients(endpoint: string, region: string): AwsClients {
  const settings = { endpoint, region, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
  const clients = {
    dynamodb: new DynamoDBClient(settings),
    ecs: new ECSClient(settings),
    ec2: new EC2Client(settings),
    elb: new ElasticLoadBalancingV2Client(settings),
    secrets: new SecretsManagerClient(settings),
    logs: new CloudWatchLogsClient(settings),
  };
  return {
    ...clients,
    destroy: () => {
      Object.values(clients).forEach((client) => {
        client.destroy();
      });
    },
  };
}
