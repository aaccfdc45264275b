/** What was measured: all rounds, not only their median. */
export interface Figure {
  readonly subject: string;
  readonly metric: string;
  readonly unit: string;
  readonly values: readonly number[];
}

/** Share of its core that a server was busy, %: near 100, or the load was too small to tell its throughput. */
export const busyMetric = 'its core busy';

export type Target = { readonly atLeast: number } | { readonly atMost: number };

/** What the figures come down to: a ratio or a limit, once per round, so that both sides saw the same machine. */
export interface Claim {
  /** Stays the same from run to run: stored ratios are found by it. */
  readonly id: string;
  readonly text: string;
  readonly unit: string;
  readonly values: readonly number[];
  readonly better: 'more' | 'less';
  readonly target?: Target;
}

export interface Section {
  readonly scenario: string;
  readonly taken: Taken;
  readonly title: string;
  /** What is measured, and how, in one or two sentences. */
  readonly measures: string;
  readonly figures: readonly Figure[];
  readonly claims: readonly Claim[];
}

/** When, where and of what a section was measured: sections of one result may come from several runs. */
export interface Taken {
  readonly at: string;
  /** Version of Node.js, for all servers and scripts. */
  readonly node: string;
  readonly machine: string;
  readonly loadGenerator: string;
  readonly rounds: number;
  /** Commit of the service. */
  readonly commit: string;
}

export interface BenchResult {
  readonly sections: readonly Section[];
}

/** The newer result, and what it has not measured from the older one, in the order of `scenarios`. */
export function merge(older: BenchResult, newer: BenchResult, scenarios: readonly string[]): BenchResult {
  const find = (name: string) =>
    [newer, older].flatMap(({ sections }) => sections).find(({ scenario }) => scenario === name);
  return { sections: scenarios.map(find).filter((section) => section !== undefined) };
}

/** Throws on an empty list: there is no median of nothing. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error('There is no median of nothing.');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1] ?? 0, sorted[Math.floor(middle)] ?? 0];
  return (low + high) / 2;
}

export const worst = ({ values, better }: Pick<Claim, 'values' | 'better'>): number =>
  better === 'more' ? Math.min(...values) : Math.max(...values);

/** Whether the median reaches the target; nothing without one. */
export function isMet({ values, target }: Claim): boolean | undefined {
  if (target === undefined) return undefined;
  return 'atLeast' in target ? median(values) >= target.atLeast : median(values) <= target.atMost;
}
