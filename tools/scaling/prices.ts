import fixed from '../pipeline/prices.json' with { type: 'json' };

const { vcpu, gb } = fixed.fargatePerHour.ARM64;

/**
 * USD, eu-west-1, as looked up on 24 November 2026: what costs by the hour or month is in tools/pipeline/prices.json, what
 * costs by use is here. What is in neither is not in any sum: logs, metrics and traces per GB, traffic to the internet, keys,
 * backups, CloudFront and DAX.
 */
export const prices = {
  vcpuHour: vcpu,
  gbHour: gb,
  loadBalancerHour: fixed.perHour.aws_lb,
  natHour: fixed.perHour.aws_nat_gateway,
  endpointZoneHour: fixed.perHour.aws_vpc_endpoint,
  webAclMonth: fixed.perMonth.aws_wafv2_web_acl,
  webAclRuleMonth: fixed.perMonth.aws_wafv2_web_acl_rule,
  /** Spot is 68 to 70 % cheaper; the smaller discount. */
  spotShare: 0.32,
  lcuHour: 0.008,
  millionReadUnits: 0.1415,
  millionInspected: 0.6,
} as const;

export const { hoursPerMonth } = fixed;
export const secondsPerMonth = hoursPerMonth * 3_600;
