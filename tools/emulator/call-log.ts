export interface CallCount {
  /** `service.Action`. */
  readonly action: string;
  readonly calls: number;
  readonly failed: number;
  readonly slowestMs: number;
}

/** Counts what was called: what a role must be allowed to do, and where the time went. */
export interface CallLog {
  readonly note: (action: string, status: number, tookMs: number) => void;
  /** Sorted by name. */
  readonly counts: () => readonly CallCount[];
}

export function createCallLog(): CallLog {
  const counts = new Map<string, CallCount>();
  return {
    note: (action, status, tookMs) => {
      const before = counts.get(action) ?? { action, calls: 0, failed: 0, slowestMs: 0 };
      counts.set(action, {
        action,
        calls: before.calls + 1,
        failed: before.failed + (status >= 400 ? 1 : 0),
        slowestMs: Math.max(before.slowestMs, Math.round(tookMs)),
      });
    },
    counts: () => [...counts.values()].sort((a, b) => a.action.localeCompare(b.action)),
  };
}

/** The counts as a table for a terminal. */
export function formatCalls(counts: readonly CallCount[]): string {
  const width = Math.max(6, ...counts.map(({ action }) => action.length));
  const row = (action: string, ...figures: readonly (string | number)[]): string =>
    [action.padEnd(width), ...figures.map((figure) => String(figure).padStart(12))].join('');
  return [
    row('action', 'calls', 'failed', 'slowest ms'),
    ...counts.map(({ action, calls, failed, slowestMs }) => row(action, calls, failed, slowestMs)),
  ].join('\n');
}
