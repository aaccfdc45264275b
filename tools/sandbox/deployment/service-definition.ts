import { DescribeSubnetsCommand, type EC2Client } from '@aws-sdk/client-ec2';
import { DescribeServicesCommand, type ECSClient, type Service } from '@aws-sdk/client-ecs';
import { Problem } from '../../../app/src/commands/problem.ts';

/** An ECS service as it was applied, as far as its scheduling goes. Percentages are of the desired count. */
export interface ServiceDefinition {
  readonly arn: string;
  readonly cluster: string;
  readonly name: string;
  /** ARN of the task definition that is meant to run. */
  readonly taskDefinition: string;
  readonly desiredCount: number;
  readonly minimumHealthyPercent: number;
  readonly maximumPercent: number;
  readonly circuitBreaker: { readonly enable: boolean; readonly rollback: boolean };
  readonly healthCheckGracePeriodSeconds: number;
  readonly subnets: readonly string[];
  readonly loadBalancer: {
    readonly targetGroupArn: string;
    readonly containerName: string;
    readonly containerPort: number;
  };
}

/** Reads a service. Rejects with a `Problem` when there is none. */
export async function readService(ecs: ECSClient, cluster: string, name: string): Promise<ServiceDefinition> {
  const { services = [] } = await ecs.send(new DescribeServicesCommand({ cluster, services: [name] }));
  const service = services.find(({ status }) => status === 'ACTIVE');
  if (!service)
    throw new Problem(
      `There is no active service ${name} in the cluster ${cluster}.`,
      'Apply it first: make deploy-local.',
    );
  return toDefinition(service, cluster);
}

/** Defaults are those of ECS (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html). */
export function toDefinition(service: Service, cluster: string): ServiceDefinition {
  const [balancer] = service.loadBalancers ?? [];
  const { targetGroupArn, containerName, containerPort } = balancer ?? {};
  if (targetGroupArn === undefined || containerName === undefined || containerPort === undefined)
    throw new Problem(
      'The service has no load balancer, so nothing could reach it.',
      'See terraform/service.tf.',
    );
  const { minimumHealthyPercent = 100, maximumPercent = 200 } = service.deploymentConfiguration ?? {};
  const breaker = service.deploymentConfiguration?.deploymentCircuitBreaker;
  return {
    arn: service.serviceArn ?? '',
    cluster,
    name: service.serviceName ?? '',
    taskDefinition: service.taskDefinition ?? '',
    desiredCount: service.desiredCount ?? 0,
    minimumHealthyPercent,
    maximumPercent,
    circuitBreaker: { enable: breaker?.enable ?? false, rollback: breaker?.rollback ?? false },
    healthCheckGracePeriodSeconds: service.healthCheckGracePeriodSeconds ?? 0,
    subnets: service.networkConfiguration?.awsvpcConfiguration?.subnets ?? [],
    loadBalancer: { targetGroupArn, containerName, containerPort },
  };
}

/** The zones of subnets, sorted, each once. */
export async function readZones(ec2: EC2Client, subnets: readonly string[]): Promise<readonly string[]> {
  const { Subnets: found = [] } = await ec2.send(new DescribeSubnetsCommand({ SubnetIds: [...subnets] }));
  return [...new Set(found.map(({ AvailabilityZone: zone }) => zone ?? ''))]
    .filter((zone) => zone !== '')
    .sort();
}
