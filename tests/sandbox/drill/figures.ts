import type { Outcome } from './load.ts';

/** Figures of the requests that were due in one stretch of time. Latencies in ms. */
export interface Figures {
  readonly requests: number;
  readonly failed: number;
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
  /** How often each failure was seen, by status or error. */
  readonly failures: Readonly<Record<string, number>>;
}

/** A drill is about being served: 4xx of a valid request is a failure, too. */
export const isFailed = ({ status }: Outcome): boolean => status === undefined || status >= 400;

export const between = (outcomes: readonly Outcome[], from: number, to: number): readonly Outcome[] =>
  outcomes.filter(({ dueAt }) => dueAt >= from && dueAt < to);

export function figuresOf(outcomes: readonly Outcome[]): Figures {
  const failed = outcomes.filter(isFailed);
  const latencies = outcomes.map(({ tookMs }) => tookMs).sort((one, other) => one - other);
  const failures: Record<string, number> = {};
  for (const { status, error } of failed) {
    const name = String(status ?? error);
    failures[name] = (failures[name] ?? 0) + 1;
  }
  return {
    requests: outcomes.length,
    failed: failed.length,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    longest: latencies.at(-1) ?? 0,
    failures,
  };
}

/** Nearest rank; 0 of nothing. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

/** When the last request was due that failed or took longer than `slowMs`, after `since`. `since` when there was none. */
export function lastBadAfter(outcomes: readonly Outcome[], since: number, slowMs: number): number {
  const bad = outcomes.filter((one) => one.dueAt >= since && (isFailed(one) || one.tookMs > slowMs));
  return Math.max(since, ...bad.map(({ dueAt }) => dueAt));
}
