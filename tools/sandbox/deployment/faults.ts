/** What `make drill DRILLS=…` may name: here, so that a command line knows them without loading Jest. */
export const drillIds = [
  'task-killed',
  'database-slow',
  'database-throttles',
  'database-gone',
  'task-hangs',
  'spot-interruption',
  'zone-lost',
  'rolling-deployment',
  'broken-deployment',
  'alert-fires',
] as const;

/** What is wrong with the database, as its clients see it. Nothing by default. */
export interface DatabaseFaults {
  /** Added to each answer. */
  readonly latencyMs: number;
  /** Share of calls, 0 to 1, that are refused as too many. */
  readonly throttleRatio: number;
  /** Nobody listens: connections are refused, and open ones are cut. */
  readonly refuse: boolean;
}

export const noFaults: DatabaseFaults = { latencyMs: 0, throttleRatio: 0, refuse: false };

/** Faults by name, as the control server takes them. */
export type FaultRequest =
  | { readonly kind: 'kill' | 'freeze' | 'thaw' | 'interrupt'; readonly task?: string | undefined }
  | { readonly kind: 'lose-zone' | 'restore-zone'; readonly zone?: string | undefined }
  | { readonly kind: 'database'; readonly database: DatabaseFaults }
  | { readonly kind: 'heal' };
