import {
  DescribeServicesCommand,
  DescribeTasksCommand,
  ListTasksCommand,
  type Service,
  type Task,
} from '@aws-sdk/client-ecs';
import {
  DescribeTargetHealthCommand,
  type TargetHealthDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { askEcs, askElb } from './aws.ts';
import type { Deployment } from './deployment.ts';

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
