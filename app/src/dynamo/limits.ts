import { AsyncLocalStorage } from 'node:async_hooks';
import { type MovieError, Throttled, TimedOut } from '../movies/errors.ts';

/** The time that one call of the repository has, with all its attempts, pauses and waiting. */
export interface Deadline {
  /** Milliseconds of `performance.now()`. */
  readonly at: number;
  /** Whether its attempts need no place: a probe that waits for one can't tell whether the table answers. */
  readonly needsNoPlace: boolean;
  /** Whether several readers wait for its call: it is tried once, for each of them goes on alone. */
  readonly isShared: boolean;
  /** Attempts that such a call has made for this one. */
  attemptsMade: number;
  /** The answer to its caller if time runs out now. Once throttled it stays so. */
  explain: () => MovieError;
}

export const silent = (): MovieError => new TimedOut('The database did not answer in time.');
export const throttled = (): MovieError => new Throttled('The database asks for fewer requests.');
export const busy = (): MovieError => new Throttled('The database is busy with other requests.');

const deadlines = new AsyncLocalStorage<Deadline>();

/** Of the call that this is part of; undefined outside of `withDeadline`. */
export const currentDeadline = (): Deadline | undefined => deadlines.getStore();

/**
 * Rejects when a call takes longer than so many milliseconds, with `Throttled` if the database asked for fewer requests, with
 * `TimedOut` if it was silent. What is still under way ends by itself: no attempt outlives the deadline.
 */
export async function withDeadline<T>(
  timeoutMs: number,
  call: (deadline: Deadline) => Promise<T>,
  { needsNoPlace = false, isShared = false } = {},
): Promise<T> {
  const deadline: Deadline = {
    at: performance.now() + timeoutMs,
    needsNoPlace,
    isShared,
    attemptsMade: 0,
    explain: silent,
  };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(deadline.explain());
    }, timeoutMs);
  });
  try {
    return await Promise.race([deadlines.run(deadline, call, deadline), late]);
  } catch (error) {
    // Throttled first and unanswered then is one cause.
    const isTimeout = error instanceof Error && error.name === 'TimeoutError';
    throw isTimeout && deadline.explain === throttled ? throttled() : error;
  } finally {
    clearTimeout(timer);
  }
}

export interface Limiter {
  /** @param onWait called when it has to wait for its turn */
  run<T>(task: () => Promise<T>, onWait?: () => void): Promise<T>;
}

export interface LimiterSettings {
  /** Tasks at the same time. */
  readonly concurrency: number;
  /** Tasks that may wait for their turn; one more is refused at once. */
  readonly maxWaiting: number;
  readonly maxWaitMs: number;
}

/**
 * Bounds what runs at the same time, first come, first served. Nobody waits without end: a task that is one too many
 * or has waited too long rejects with `Throttled` and never runs.
 */
export function createLimiter({ concurrency, maxWaiting, maxWaitMs }: LimiterSettings): Limiter {
  const waiting = new Set<() => void>();
  let running = 0;

  const turn = () =>
    new Promise<void>((resolve, reject) => {
      if (waiting.size >= maxWaiting) {
        reject(new Throttled('Too many requests wait for the database already.'));
        return;
      }
      const start = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        waiting.delete(start);
        reject(new Throttled(`The database was busy with other requests for ${maxWaitMs} ms.`));
      }, maxWaitMs);
      waiting.add(start);
    });

  /** Hands this place to the longest waiting task, or gives it up. */
  const leave = () => {
    const [next] = waiting;
    if (next === undefined) {
      running -= 1;
      return;
    }
    waiting.delete(next);
    next();
  };

  return {
    async run(task, onWait) {
      if (running < concurrency) running += 1;
      else {
        onWait?.();
        await turn();
      }
      try {
        return await task();
      } finally {
        leave();
      }
    },
  };
}
