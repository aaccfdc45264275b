import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { InvalidMovie, MovieError, Throttled, TimedOut, Unavailable } from '../movies/errors.ts';
import { currentDeadline } from './limits.ts';

export type DynamoOutcome = 'ok' | 'condition-failed' | 'throttled' | 'timed-out' | 'failed';

/** One call of the database as its caller felt it: waiting for its turn and all attempts included. */
export interface DynamoCall {
  /** As in the AWS API: `GetItem`, `Query`, … */
  readonly operation: string;
  readonly table: string;
  readonly durationMs: number;
  readonly outcome: DynamoOutcome;
  /** Attempts after the first, which may have been a call of several readers. */
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
      const [shared] = Object.keys(property(call.input, 'RequestItems') ?? {});
      const table = shared ?? property(call.input, 'TableName');
      const startedAt = performance.now();
      const observe = (outcome: DynamoOutcome, answer: unknown) => {
        observer({
          operation,
          table: typeof table === 'string' ? table : '',
          durationMs: performance.now() - startedAt,
          outcome,
          retries: retriesOf(answer) + (currentDeadline()?.attemptsMade ?? 0),
          consumedCapacity: capacityUnits(answer),
        });
      };
      try {
        const result = await next(call);
        observe('ok', result.output);
        return result;
      } catch (error) {
        observe(outcomeOf(error), error);
        if (error instanceof Error && isThrottling(error)) error.message += whyThrottled(error, call.input);
        throw error;
      }
    },
    { step: 'initialize', priority: 'high', name: 'observe' },
  );
}

/**
 * What was full, as DynamoDB says it (`TableReadKeyRangeThroughputExceeded` is one hot key, `…AccountLimitExceeded` the quota),
 * and the year of the call: the partition that it went to. Titles are told nowhere.
 */
function whyThrottled(error: Error, input: unknown): string {
  const reasons: unknown = property(error, 'ThrottlingReasons') ?? property(error, 'throttlingReasons');
  const said = (Array.isArray(reasons) ? reasons : []).map((reason) => String(property(reason, 'reason')));
  const [firstValue] = Object.values(property(input, 'ExpressionAttributeValues') ?? {}) as unknown[];
  const key = property(property(input, 'Key') ?? property(input, 'Item'), 'year');
  const isByKey = property(input, 'KeyConditionExpression') !== undefined;
  const year = property(key ?? (isByKey ? firstValue : undefined), 'N');
  const about = [...said, ...(typeof year === 'string' ? [`year ${year}`] : [])];
  return about.length === 0 ? '' : ` (${about.join(', ')})`;
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

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html */
const throttling = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'Throttling',
  'TooManyRequestsException',
]);
const timeouts = new Set(['AbortError', 'RequestTimeout', 'RequestTimeoutException', 'TimeoutError']);
/** The SDK calls these `TimeoutError` or `RequestTimeout`, too, but nobody waited: the connection broke. */
const brokenConnections = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

export const isThrottling = (error: unknown): boolean => throttling.has(textOf(error, 'name'));

/** Every error of the SDK as one of the domain's, with what it says as its cause. Errors of the domain stay. */
export function toMovieError(error: unknown): MovieError {
  if (error instanceof MovieError) return error;
  const [name, code] = [textOf(error, 'name'), textOf(error, 'code')];
  if (isThrottling(error))
    return new Throttled('The database asks for fewer requests.', { cause: causeOf(error) });
  if (timeouts.has(name) && !brokenConnections.has(code)) {
    return new TimedOut('The database did not answer in time.', { cause: causeOf(error) });
  }
  return new Unavailable(`The database can't be used: ${code || name || 'unknown error'}.`, {
    cause: causeOf(error),
  });
}

/**
 * The same for a write of one movie. Our expressions are constant, so what DynamoDB calls invalid is the movie:
 * over 400 kB and the like.
 */
export function toWriteError(error: unknown): MovieError {
  if (textOf(error, 'name') !== 'ValidationException') return toMovieError(error);
  return new InvalidMovie(`The database can't store this movie: ${textOf(error, 'message')}`, {
    cause: error,
  });
}

export const isConditionFailure = (error: unknown): boolean =>
  textOf(error, 'name') === 'ConditionalCheckFailedException';

/**
 * What an error says, without what hangs on it: the SDK's carry the request, and with it the signature and the session
 * token of our credentials, which must not get into a log.
 */
function causeOf(error: unknown): Error {
  const { stack } = error instanceof Error ? error : {};
  const said = Object.fromEntries(['name', 'code'].map((name) => [name, textOf(error, name)]));
  return Object.assign(new Error(textOf(error, 'message')), said, stack === undefined ? {} : { stack });
}

/** Errors of Node.js and the SDK are told apart by their names, not by their classes. */
function textOf(error: unknown, name: string): string {
  if (typeof error !== 'object' || error === null) return '';
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : '';
}
