import { DescribeTargetGroupsCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { askElb } from '../../deployed/aws.ts';
import type { Deployment } from '../../deployed/deployment.ts';

/** How long the load balancer may take to notice that a target doesn't answer, in ms: as many checks as it wants to fail. */
export async function healthWindowMs(deployment: Deployment): Promise<number> {
  const { TargetGroups: groups = [] } = await askElb(deployment, (elb) =>
    elb.send(new DescribeTargetGroupsCommand({ TargetGroupArns: [deployment.outputs.targetGroupArn] })),
  );
  const { HealthCheckIntervalSeconds: interval, UnhealthyThresholdCount: checks } = groups[0] ?? {};
  if (interval === undefined || checks === undefined) throw new Error('the target group has no health check');
  return interval * checks * 1_000;
}
