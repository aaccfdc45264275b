/** What `make drill DRILLS=…` may name: apart from the drills, so that a command line knows them without loading Jest. */
export const drillIds = [
  'task-killed',
  'database-slow',
  'database-throttles',
  'database-gone',
  'task-hangs',
  'zone-lost',
  'rolling-deployment',
  'broken-deployment',
  'alert-fires',
] as const;
