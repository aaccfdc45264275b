/** What a dashboard's metrics reported in a run, minute by minute. */
export interface Recording {
  /** What ran, in a sentence. */
  readonly source: string;
  /** Milliseconds since 1970, of the first minute. */
  readonly from: number;
  readonly periodSeconds: number;
  /** By `namespace name stat`, and the operation where there is one; null where nothing was reported. */
  readonly series: Readonly<Record<string, readonly (number | null)[]>>;
  /** Namespaces of what only AWS has. */
  readonly absent: readonly string[];
  readonly events: readonly { readonly at: number; readonly event: string; readonly reason: string }[];
  /** Healthy answers a minute that stand for the days of a longer window before the run. */
  readonly healthyPerMinute: Readonly<Record<string, number>>;
}

/** The environment's own namespace is written `Movies`. */
export const seriesKey = (namespace: string, name: string, stat: string, operation?: string): string =>
  [namespace.replace(/^Movies\/.*/, 'Movies'), name, stat, operation].filter(Boolean).join(' ');
