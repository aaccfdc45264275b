import pRetry, { AbortError } from 'p-retry';

export interface Patience {
  readonly deadlineMs?: number;
  readonly everyMs?: number;
}

/** Retries `attempt` until it resolves. Rejects with its last error when it hasn't by the deadline, and with a fatal one at once. */
export function eventually<T>(
  attempt: () => T | Promise<T>,
  { deadlineMs = 15_000, everyMs = 100 }: Patience = {},
): Promise<T> {
  return pRetry(
    () =>
      new Promise<T>((resolve) => {
        resolve(attempt());
      }).catch(rethrow),
    {
      retries: Number.POSITIVE_INFINITY,
      maxRetryTime: deadlineMs,
      minTimeout: everyMs,
      factor: 1,
    },
  );
}

/** An answer that no retry will change: `throw fatal('rolled back')` inside an attempt ends it. */
export const fatal = (message: string): Error => new AbortError(message);

/** Jest gives tests an `Error` of their own, and p-retry takes errors of Node.js itself for something else. */
function rethrow(error: unknown): never {
  if (error instanceof Error) throw error;
  const message = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
  throw new Error(String(message), { cause: error });
}
