import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { DescribeServicesCommand, ECSClient, type Service } from '@aws-sdk/client-ecs';
import {
  DescribeListenersCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetGroupsCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  GetIPSetCommand,
  GetWebACLForResourceCommand,
  type Rule,
  type Statement,
  WAFV2Client,
  type WebACL,
} from '@aws-sdk/client-wafv2';
import { Problem } from '../../../app/src/commands/problem.ts';
import { clientSettings } from '../../lib/terraform/emulated.ts';

/** The control plane of an account, as far as running its tasks takes. */
export type AwsClients = ReturnType<typeof createAwsClients>;

/** @param starter role whose calls those for secrets and logs are: that of what starts a task */
export function createAwsClients(endpoint: string, region: string, starter?: string) {
  const settings = clientSettings(endpoint, region);
  const starting = clientSettings(endpoint, region, starter);
  const clients = {
    dynamodb: new DynamoDBClient(settings),
    ecs: new ECSClient(settings),
    ec2: new EC2Client(settings),
    elb: new ElasticLoadBalancingV2Client(settings),
    secrets: new SecretsManagerClient(starting),
    logs: new CloudWatchLogsClient(starting),
    waf: new WAFV2Client(settings),
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

/** What of an applied deployment is run, from the outputs of terraform/. */
export interface Names {
  readonly cluster: string;
  readonly service: string;
  readonly loadBalancerArn: string;
  readonly table: string;
}

export type Outputs = Readonly<Record<string, unknown>>;

export function readNames(outputs: Outputs): Names {
  const read = (name: string): string => {
    const value = outputs[name];
    if (typeof value === 'string') return value;
    throw new Problem(`Terraform has no output ${name}.`, 'Apply it first: make deploy-local.');
  };
  return {
    cluster: read('cluster_name'),
    service: read('service_name'),
    loadBalancerArn: read('load_balancer_arn'),
    table: read('table_name'),
  };
}

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
function toDefinition(service: Service, cluster: string): ServiceDefinition {
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

/** An application load balancer in front of one target group. Times in seconds. */
export interface LoadBalancerDefinition {
  readonly listener: { readonly port: number; readonly protocol: string };
  readonly idleTimeout: number;
  readonly dropsInvalidHeaders: boolean;
  readonly targetGroup: TargetGroup;
}

export interface TargetGroup {
  readonly arn: string;
  readonly algorithm: string;
  readonly deregistrationDelay: number;
  readonly healthCheck: HealthCheck;
}

export interface HealthCheck {
  readonly path: string;
  /** `200`, `200,204` or `200-299`. */
  readonly matcher: string;
  readonly interval: number;
  readonly timeout: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
}

/**
 * Reads a load balancer back. A listener with TLS is served without it: the certificate's key is not to be had. Rejects with a
 * `Problem` when no listener forwards to the target group.
 */
export async function readLoadBalancer(
  elb: ElasticLoadBalancingV2Client,
  { loadBalancerArn, targetGroupArn }: { loadBalancerArn: string; targetGroupArn: string },
): Promise<LoadBalancerDefinition> {
  const [listeners, attributes, groups, groupAttributes] = await Promise.all([
    elb.send(new DescribeListenersCommand({ LoadBalancerArn: loadBalancerArn })),
    elb.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn: loadBalancerArn })),
    elb.send(new DescribeTargetGroupsCommand({ TargetGroupArns: [targetGroupArn] })),
    elb.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn: targetGroupArn })),
  ]);
  const listener = listeners.Listeners?.find(
    ({ Protocol, DefaultActions = [] }) =>
      ['HTTP', 'HTTPS'].includes(Protocol ?? '') &&
      DefaultActions.some(({ TargetGroupArn, ForwardConfig }) =>
        [
          TargetGroupArn,
          ...(ForwardConfig?.TargetGroups ?? []).map((group) => group.TargetGroupArn),
        ].includes(targetGroupArn),
      ),
  );
  const group = groups.TargetGroups?.[0];
  if (!listener || !group)
    throw new Problem('No listener forwards to the target group.', 'See terraform/edge.tf.');
  const setting = read(attributes.Attributes);
  const groupSetting = read(groupAttributes.Attributes);
  return {
    listener: { port: listener.Port ?? 80, protocol: 'HTTP' },
    idleTimeout: Number(setting('idle_timeout.timeout_seconds') ?? 60),
    dropsInvalidHeaders: setting('routing.http.drop_invalid_header_fields.enabled') === 'true',
    targetGroup: {
      arn: targetGroupArn,
      algorithm: groupSetting('load_balancing.algorithm.type') ?? 'round_robin',
      deregistrationDelay: Number(groupSetting('deregistration_delay.timeout_seconds') ?? 300),
      healthCheck: {
        path: group.HealthCheckPath ?? '/',
        matcher: group.Matcher?.HttpCode ?? '200',
        interval: group.HealthCheckIntervalSeconds ?? 30,
        timeout: group.HealthCheckTimeoutSeconds ?? 5,
        healthyThreshold: group.HealthyThresholdCount ?? 5,
        unhealthyThreshold: group.UnhealthyThresholdCount ?? 2,
      },
    },
  };
}

const read =
  (attributes: readonly { Key?: string | undefined; Value?: string | undefined }[] = []) =>
  (name: string): string | undefined =>
    attributes.find(({ Key }) => Key === name)?.Value;

/** Networks by the ARN of their list. */
export type Networks = ReadonlyMap<string, readonly string[]>;

/** A rule that blocks by the caller's address alone: what a balancer can enforce as it was applied. */
export interface AddressRule {
  readonly name: string;
  /** All of them have to hold: the address is in the list, or isn't. */
  readonly conditions: readonly { readonly list: string; readonly isIn: boolean }[];
  readonly answer: {
    readonly status: number;
    readonly headers: readonly (readonly [name: string, value: string])[];
    readonly body: string;
  };
}

/** The rules of the web ACL that is attached to a load balancer, in their order, as far as they are about addresses alone. */
export async function readAddressRules(
  waf: WAFV2Client,
  loadBalancerArn: string,
): Promise<readonly AddressRule[]> {
  const { WebACL: acl } = await waf.send(new GetWebACLForResourceCommand({ ResourceArn: loadBalancerArn }));
  return acl ? addressRules(acl) : [];
}

export const addressRules = (acl: Pick<WebACL, 'Rules' | 'CustomResponseBodies'>): readonly AddressRule[] =>
  [...(acl.Rules ?? [])]
    .sort((one, other) => (one.Priority ?? 0) - (other.Priority ?? 0))
    .flatMap((rule) => toAddressRule(rule, acl.CustomResponseBodies ?? {}));

function toAddressRule(
  { Name: name = '', Statement: statement, Action: action }: Rule,
  bodies: NonNullable<WebACL['CustomResponseBodies']>,
): readonly AddressRule[] {
  const conditions = conditionsOf(statement);
  if (!conditions || !action?.Block) return [];
  const {
    ResponseCode: status = 403,
    ResponseHeaders: headers = [],
    CustomResponseBodyKey: key = '',
  } = action.Block.CustomResponse ?? {};
  const answer = {
    status,
    headers: headers.map(({ Name = '', Value = '' }): [string, string] => [Name, Value]),
    body: bodies[key]?.Content ?? '',
  };
  return [{ name, conditions, answer }];
}

/** Undefined where something else than the address counts. */
function conditionsOf(statement: Statement | undefined): AddressRule['conditions'] | undefined {
  if (statement?.AndStatement) {
    const parts = (statement.AndStatement.Statements ?? []).map(conditionsOf);
    return parts.flatMap((part) => part ?? []).length === parts.length
      ? parts.flatMap((part) => part ?? [])
      : undefined;
  }
  const negated = statement?.NotStatement?.Statement;
  const list = (negated ?? statement)?.IPSetReferenceStatement?.ARN;
  return list === undefined ? undefined : [{ list, isIn: negated === undefined }];
}

/** The networks of each list that rules name, as they are now. */
export async function readNetworks(waf: WAFV2Client, rules: readonly AddressRule[]): Promise<Networks> {
  const lists = new Set(rules.flatMap(({ conditions }) => conditions.map(({ list }) => list)));
  const read = [...lists].map(async (arn): Promise<[string, readonly string[]]> => {
    // arn:aws:wafv2:<region>:<account>:regional/ipset/<name>/<id>
    const [, , Name = '', Id = ''] = arn.split('/');
    const { IPSet: set } = await waf.send(new GetIPSetCommand({ Name, Id, Scope: 'REGIONAL' }));
    return [arn, [...(set?.Addresses ?? [])].sort()];
  });
  return new Map(await Promise.all(read));
}
