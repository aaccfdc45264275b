/** AWS's limits and habits that decide here, from its user guides. Quotas can be raised, the rest can't. */
export const limits = {
  /** Read units a second of one partition, and so of one year unless DynamoDB has split it. */
  partitionReadUnits: 3_000,
  /** Quota: read units a second of a table on demand. */
  tableReadUnits: 40_000,
  /** Quota: tasks of one service. */
  tasksPerService: 5_000,
  /** Addresses that AWS keeps of each subnet. */
  reservedAddresses: 5,
  /** A load balancer's capacity unit: GB an hour, new connections a second, active ones, rules a second. */
  lcuGbHour: 1,
  /** Connections of a NAT gateway to one destination. */
  natConnections: 55_000,
  /** Target tracking: this many minutes above the target, after the metric's own minute. */
  scaleOutMinutes: 3,
  metricMinutes: 1,
} as const;

/** Assumptions, in one place. */
export const assumed = {
  /** From the start of a task to its place behind the load balancer: image, process, two health checks 10 s apart. */
  taskStartSeconds: 60,
  /** Body, headers and framing of an answer with one movie. */
  answerBytes: 1_200,
  /** A vCPU of Fargate is taken as the core that `make bench` ran on. */
  vcpuPerCore: 1,
} as const;
