export interface CallCount {
  /** The access key that signed: a deployment has one for each of its roles. */
  readonly caller: string;
  /** `service.Action`. */
  readonly action: string;
  readonly calls: number;
  readonly failed: number;
  readonly slowestMs: number;
}

/** Counts what was called: what a role must be allowed to do, and where the time went. */
export interface CallLog {
  readonly note: (caller: string, action: string, status: number, tookMs: number) => void;
  /** Sorted by action, then by caller. */
  readonly counts: () => readonly CallCount[];
}

export function createCallLog(): CallLog {
  const counts = new Map<string, CallCount>();
  return {
    note: (caller, action, status, tookMs) => {
      const key = `${action} ${caller}`;
      const before = counts.get(key) ?? { calls: 0, failed: 0, slowestMs: 0 };
      counts.set(key, {
        caller,
        action,
        calls: before.calls + 1,
        failed: before.failed + (status >= 400 ? 1 : 0),
        slowestMs: Math.max(before.slowestMs, Math.round(tookMs)),
      });
    },
    counts: () => [...counts].sort(([a], [b]) => a.localeCompare(b)).map(([, count]) => count),
  };
}

/** The counts as a table for a terminal. */
export function formatCalls(counts: readonly CallCount[]): string {
  const width = Math.max(6, ...counts.map(({ action }) => action.length));
  const row = (action: string, caller: string, ...figures: readonly (string | number)[]): string =>
    [action.padEnd(width), caller.padStart(12), ...figures.map((figure) => String(figure).padStart(12))].join(
      '',
    );
  return [
    row('action', 'caller', 'calls', 'failed', 'slowest ms'),
    ...counts.map(({ action, caller, calls, failed, slowestMs }) =>
      row(action, caller, calls, failed, slowestMs),
    ),
  ].join('\n');
}
