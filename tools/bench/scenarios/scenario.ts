import type { Bench } from '../bench.ts';
import type { Section } from '../result.ts';

export interface Scenario {
  /** As `--only` names it. */
  readonly name: string;
  /** Takes so long that it runs only when it is asked for by name. */
  readonly onDemand?: boolean;
  readonly title: string;
  readonly measures: string;
  readonly run: (bench: Bench) => Promise<Pick<Section, 'figures' | 'claims'>>;
}
