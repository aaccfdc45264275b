/**
 * USD, eu-west-1, as looked up on 24 November 2026. What is not in this list is not in any sum: logs, metrics and traces per
 * GB, traffic to the internet, the keys, backups, CloudFront and DAX.
 */
export const prices = {
  lookedUp: '2026-11-24',
  region: 'eu-west-1',
  /** Fargate on ARM64. */
  vcpuHour: 0.03238,
  gbHour: 0.00356,
  /** Spot is 68 to 70 % cheaper; the smaller discount. */
  spotShare: 0.32,
  loadBalancerHour: 0.0252,
  lcuHour: 0.008,
  natHour: 0.048,
  endpointZoneHour: 0.011,
  millionReadUnits: 0.1415,
  millionWriteUnits: 0.705,
  webAclMonth: 5,
  webAclRuleMonth: 1,
  millionInspected: 0.6,
} as const;

export const hoursPerMonth = 730;
export const secondsPerMonth = hoursPerMonth * 3_600;
