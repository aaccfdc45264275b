import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { isConditionFailure, toMovieError } from './failures.ts';
import { Throttled, TimedOut } from '../movies/errors.ts';

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

/** Tells the observer about every call of this client. */
export function observeCalls(client: DynamoDBClient, observer: DynamoObserver): void {
  client.middlewareStack.add(
    (next, context) => async (call) => {
      const operation = (context.commandName ?? 'Unknown').replace(/Command$/, '');
      const table = property(call.input, 'TableName');
      const startedAt = performance.now();
      const observe = (outcome: DynamoOutcome, answer: unknown) => {
        observer({
          operation,
          table: typeof table === 'string' ? table : '',
          durationMs: performance.now() - startedAt,
          outcome,
          retries: retriesOf(answer),
          consumedCapacity: capacityUnits(answer),
        });
      };
      try {
        const result = await next(call);
        observe('ok', result.output);
        return result;
      } catch (error) {
        observe(outcomeOf(error), error);
        throw error;
      }
    },
    { step: 'initialize', priority: 'high', name: 'observe' },
  );
}

/** How often the SDK sent again what led to this answer or error. */
export function retriesOf(answer: unknown): number {
  const attempts = property(property(answer, '$metadata'), 'attempts');
  return typeof attempts === 'number' ? attempts - 1 : 0;
}

/** Read or write units that an answer says it cost; a batch has one entry per table. */
export function capacityUnits(answer: unknown): number {
  const consumed = property(answer, 'ConsumedCapacity');
  const entries: readonly unknown[] = Array.isArray(consumed) ? consumed : [consumed];
  return entries
    .map((entry) => property(entry, 'CapacityUnits'))
    .reduce<number>((sum, units) => (typeof units === 'number' ? sum + units : sum), 0);
}

function outcomeOf(error: unknown): DynamoOutcome {
  if (isConditionFailure(error)) return 'condition-failed';
  const known = toMovieError(error);
  if (known instanceof Throttled) return 'throttled';
  return known instanceof TimedOut ? 'timed-out' : 'failed';
}

const property = (holder: unknown, name: string): unknown =>
  typeof holder === 'object' && holder !== null ? Reflect.get(holder, name) : undefined;
