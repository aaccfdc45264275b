import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ECSClient } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { KMSClient } from '@aws-sdk/client-kms';
import { WAFV2Client } from '@aws-sdk/client-wafv2';
import type { Deployment } from './deployment.ts';

type Settings = ReturnType<typeof settingsOf>;

/** Where the control plane of a deployment is: AWS with the caller's own credentials, or an emulator with none. */
function settingsOf({ outputs: { region }, endpoint }: Deployment) {
  if (endpoint === undefined) return { region };
  return { region, endpoint, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
}

const using =
  <C extends { destroy(): void }>(create: (settings: Settings) => C) =>
  async <T>(deployment: Deployment, ask: (client: C) => Promise<T>): Promise<T> => {
    const client = create(settingsOf(deployment));
    try {
      return await ask(client);
    } finally {
      client.destroy();
    }
  };

/** Each opens a client for one question, and leaves no connection behind. */
export const askEcs = using((settings) => new ECSClient(settings));
export const askElb = using((settings) => new ElasticLoadBalancingV2Client(settings));
export const askWaf = using((settings) => new WAFV2Client(settings));
export const askDynamoDb = using((settings) => new DynamoDBClient(settings));
export const askKms = using((settings) => new KMSClient(settings));
export const askCloudWatch = using((settings) => new CloudWatchClient(settings));
export const askLogs = using((settings) => new CloudWatchLogsClient(settings));
