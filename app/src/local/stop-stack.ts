export interface StopStack {
  /** Remembers how to stop what was just started. Throws when everything is being stopped already. */
  keep(stop: () => Promise<void> | void): void;
  /** Stops all that was kept, the last first, also when one can't be stopped; rejects with what was wrong afterwards. */
  stopAll(): Promise<void>;
}

/** What was started, to be stopped in the opposite order, even in the middle of starting. */
export function createStopStack(): StopStack {
  const stops: (() => Promise<void> | void)[] = [];
  let isStopping = false;
  return {
    keep: (stop) => {
      stops.push(stop);
      if (isStopping) throw new Error('Stopped while starting.');
    },
    stopAll: async () => {
      isStopping = true;
      const failures: unknown[] = [];
      for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) {
        try {
          await stop();
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 1) throw new AggregateError(failures, failures.map(String).join('; '));
      if (failures.length === 1) throw failures[0];
    },
  };
}
