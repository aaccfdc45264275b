import { readFile } from 'node:fs/promises';
import { readYaml } from './yaml.ts';

export type Severity = 'page' | 'ticket';

export interface Objective {
  readonly kind: 'availability' | 'latency';
  readonly methods: readonly string[];
  readonly objective_percent: number;
  /** Milliseconds; only of a latency objective. */
  readonly bound_ms?: number;
  readonly user_impact: string;
}

export interface BurnRate {
  readonly severity: Severity;
  /** How many times faster than sustainable the budget burns. */
  readonly factor: number;
  readonly long: string;
  readonly short: string;
}

/** The content of docs/slo.yaml. */
export interface Slo {
  readonly window_days: number;
  readonly minimum_bad_answers: number;
  readonly objectives: Readonly<Record<string, Objective>>;
  readonly burn_rates: readonly BurnRate[];
}

export async function readSlo(path: string): Promise<Slo> {
  return readYaml(await readFile(path, 'utf8'), path) as Slo;
}
