export interface ReadinessSettings {
  /** How long one answer, good or bad, stands for the next callers. */
  readonly cacheMs: number;
  /** Milliseconds on any clock that only goes forward. */
  readonly now?: () => number;
}

/** One probe at a time, its answer shared by all who ask meanwhile and for `cacheMs` after: never a stampede. */
export function createReadiness(
  probe: () => Promise<void>,
  { cacheMs, now = () => performance.now() }: ReadinessSettings,
): () => Promise<void> {
  let answer: Promise<void> | undefined;
  let staleAt = Infinity;
  return () => {
    if (answer !== undefined && now() < staleAt) return answer;
    staleAt = Infinity;
    const settle = () => {
      staleAt = now() + cacheMs;
    };
    answer = probe();
    answer.then(settle, settle);
    return answer;
  };
}
