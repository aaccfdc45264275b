import { expectedHitRate } from './closed-form.ts';
import type { Environment } from './environments.ts';
import { byYear, zipf, type Ranked } from './popularity.ts';
import { capacity, type ServiceCost } from './service.ts';
import { simulate } from './simulate.ts';

export interface Setting {
  /** Requests a second for single movies, of the whole service. */
  readonly perSecond: number;
  readonly exponent: number;
  readonly ttlMs: number;
  readonly vcpu: number;
}

export interface Outcome extends Setting {
  readonly tasks: number;
  readonly hitRate: number;
  /** Read units a second, of the whole table. */
  readonly readUnits: number;
  /** The partition with the most, with and without the cache. */
  readonly hottestYear: number;
  readonly hottestUnits: number;
  readonly hottestUncached: number;
}

export interface StudyDeps {
  readonly movies: readonly Ranked[];
  readonly service: ServiceCost;
  readonly environment: Environment;
  readonly maxBytes: number;
  /** The autoscaler's target of CPU, 0 to 1. */
  readonly cpuShare: number;
  /** Requests that are simulated for each setting. */
  readonly requests: number;
}

/** One movie is read strongly consistently: a unit per 4 kB, and no movie here is larger. */
const unitsPerRead = 1;

/**
 * How many tasks a setting takes and what is left for the table. More tasks make the cache of each less useful, so the
 * count is looked for with the closed form; what happens then is simulated with the real cache.
 */
export async function study(deps: StudyDeps, setting: Setting): Promise<Outcome> {
  const { movies, maxBytes, requests } = deps;
  const { perSecond, exponent, ttlMs } = setting;
  const shares = zipf(movies.length, exponent);
  const tasks = tasksFor(deps, setting, shares);
  const { hitRate, reads } = await simulate({
    movies,
    shares,
    perSecond: perSecond / tasks,
    ttlMs,
    maxBytes,
    requests,
  });
  const units = byYear(
    movies,
    reads.map((read) => read * tasks * unitsPerRead),
  );
  const uncached = byYear(
    movies,
    shares.map((share) => share * perSecond * unitsPerRead),
  );
  const [hottestYear = 0, hottestUnits = 0] =
    [...units].toSorted(([, one], [, other]) => other - one)[0] ?? [];
  return {
    ...setting,
    tasks,
    hitRate,
    readUnits: [...units.values()].reduce((sum, one) => sum + one, 0),
    hottestYear,
    hottestUnits,
    hottestUncached: Math.max(...uncached.values()),
  };
}

/** The fewest tasks whose CPU stays at the autoscaler's target. */
function tasksFor(deps: StudyDeps, { perSecond, ttlMs, vcpu }: Setting, shares: readonly number[]): number {
  const enough = (tasks: number): boolean => {
    const each = perSecond / tasks;
    const hitRate = expectedHitRate(shares, { perSecond: each, ttlMs });
    return capacity(deps.service, { hitRate, vcpu, share: deps.cpuShare }) >= each;
  };
  let [low, high] = [deps.environment.minTasks, deps.environment.minTasks];
  while (!enough(high)) high *= 2;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (enough(middle)) high = middle;
    else low = middle + 1;
  }
  return high;
}
