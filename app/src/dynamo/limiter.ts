import { Throttled } from '../movies/errors.ts';

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
