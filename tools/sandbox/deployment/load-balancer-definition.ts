import {
  DescribeListenersCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetGroupsCommand,
  type ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { Problem } from '../../../app/src/commands/problem.ts';

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
