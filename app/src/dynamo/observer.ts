export type DynamoOutcome = 'ok' | 'condition-failed' | 'throttled' | 'timed-out' | 'failed';

/** One call of the database as its caller felt it: waiting for its turn and all attempts included. */
export interface DynamoCall {
  /** As in the AWS API: `GetItem`, `Query`, … */
  readonly operation: string;
  readonly table: string;
  readonly durationMs: number;
  readonly outcome: DynamoOutcome;
  /** Attempts after the first. */
  readonly retries: number;
  /** Read or write units as DynamoDB reports them; 0 where it doesn't. */
  readonly consumedCapacity: number;
}

/** Called once per call, after it; it must not throw. */
export type DynamoObserver = (call: DynamoCall) => void;
