import { InvalidMovie, MovieError, Throttled, TimedOut, Unavailable } from './errors.ts';

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html */
const throttling = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'Throttling',
  'TooManyRequestsException',
]);
const timeouts = new Set(['AbortError', 'RequestTimeout', 'RequestTimeoutException', 'TimeoutError']);
const timeoutCodes = new Set(['ETIMEDOUT', 'ESOCKETTIMEDOUT']);

/** Every error of the SDK as one of the domain's, with the original as its cause. Errors of the domain stay. */
export function toMovieError(error: unknown): MovieError {
  if (error instanceof MovieError) return error;
  const { name, code } = identify(error);
  if (throttling.has(name)) return new Throttled('The database asks for fewer requests.', { cause: error });
  if (timeouts.has(name) || timeoutCodes.has(code)) {
    return new TimedOut('The database did not answer in time.', { cause: error });
  }
  return new Unavailable(`The database can't be used: ${name === '' ? 'unknown error' : name}.`, { cause: error });
}

/**
 * The same for a write of one movie. Our expressions are constant, so what DynamoDB calls invalid is the movie:
 * over 400 kB, nested too deeply and the like.
 */
export function toWriteError(error: unknown): MovieError {
  if (error instanceof Error && error.name === 'ValidationException') {
    return new InvalidMovie(`The database can't store this movie: ${error.message}`, { cause: error });
  }
  return toMovieError(error);
}

export const isConditionFailure = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ConditionalCheckFailedException';

function identify(error: unknown): { name: string; code: string } {
  if (!(error instanceof Error)) return { name: '', code: '' };
  return { name: error.name, code: 'code' in error && typeof error.code === 'string' ? error.code : '' };
}
