import { InvalidMovie, MovieError, Throttled, TimedOut, Unavailable } from '../movies/errors.ts';

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

export const isThrottling = (error: unknown): boolean => throttling.has(property(error, 'name'));

/** Every error of the SDK as one of the domain's, with what it says as its cause. Errors of the domain stay. */
export function toMovieError(error: unknown): MovieError {
  if (error instanceof MovieError) return error;
  const [name, code] = [property(error, 'name'), property(error, 'code')];
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
  if (property(error, 'name') !== 'ValidationException') return toMovieError(error);
  return new InvalidMovie(`The database can't store this movie: ${property(error, 'message')}`, {
    cause: error,
  });
}

export const isConditionFailure = (error: unknown): boolean =>
  property(error, 'name') === 'ConditionalCheckFailedException';

/**
 * What an error says, without what hangs on it: the SDK's carry the request, and with it the signature and the session
 * token of our credentials, which must not get into a log.
 */
function causeOf(error: unknown): Error {
  const { stack } = error instanceof Error ? error : {};
  const said = Object.fromEntries(['name', 'code'].map((name) => [name, property(error, name)]));
  return Object.assign(new Error(property(error, 'message')), said, stack === undefined ? {} : { stack });
}

/** Errors of Node.js and the SDK are told apart by their names, not by their classes. */
function property(error: unknown, name: string): string {
  if (typeof error !== 'object' || error === null) return '';
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : '';
}
