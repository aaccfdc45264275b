import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DescribeServicesCommand,
  DescribeTasksCommand,
  ECSClient,
  ListTasksCommand,
  type Service,
  type Task,
} from '@aws-sdk/client-ecs';
import {
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  type TargetHealthDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { KMSClient } from '@aws-sdk/client-kms';
import { WAFV2Client } from '@aws-sdk/client-wafv2';
import type { Deployment } from './deployment.ts';

type Settings = ReturnType<typeof settingsOf>;

/** Where the control plane of a deployment is: AWS with the caller's own credentials, or an emulator with none but a step's. */
function settingsOf({ outputs: { region }, endpoint }: Deployment) {
  const isStep = (process.env['BITBUCKET_STEP_OIDC_TOKEN'] ?? '') !== '';
  if (endpoint === undefined || isStep) return { region, ...(endpoint === undefined ? {} : { endpoint }) };
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

/** Name of the container that serves (terraform/task.tf). */
export const container = 'api';

export async function describeService(deployment: Deployment): Promise<Service> {
  const { clusterName: cluster, serviceName } = deployment.outputs;
  const { services } = await askEcs(deployment, (ecs) =>
    ecs.send(new DescribeServicesCommand({ cluster, services: [serviceName] })),
  );
  const service = services?.find(({ status }) => status === 'ACTIVE');
  if (!service) throw new Error(`there is no active service ${serviceName} in ${cluster}`);
  return service;
}

/** The tasks that are meant to run, in whatever state they are. */
export async function describeTasks(deployment: Deployment): Promise<readonly Task[]> {
  const { clusterName: cluster, serviceName } = deployment.outputs;
  return askEcs(deployment, async (ecs) => {
    const { taskArns = [] } = await ecs.send(
      new ListTasksCommand({ cluster, serviceName, desiredStatus: 'RUNNING' }),
    );
    if (taskArns.length === 0) return [];
    const { tasks = [] } = await ecs.send(new DescribeTasksCommand({ cluster, tasks: taskArns }));
    // One that drains was told to stop, and isn't meant any more.
    return tasks.filter(({ desiredStatus }) => desiredStatus === 'RUNNING');
  });
}

/** What the load balancer thinks of each target that it sends requests to. */
export async function describeTargets(deployment: Deployment): Promise<readonly TargetHealthDescription[]> {
  const { targetGroupArn } = deployment.outputs;
  const { TargetHealthDescriptions: targets = [] } = await askElb(deployment, (elb) =>
    elb.send(new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn })),
  );
  return targets.filter(({ TargetHealth: health }) => health?.State !== 'draining');
}
