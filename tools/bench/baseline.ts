import { median, type BenchResult, type Claim } from './result.ts';

/** Ratios that were measured when all was well, in the form of the pipeline. */
export interface Baseline {
  readonly commit: string;
  readonly node: string;
  /** By the id of a claim. */
  readonly claims: Readonly<Record<string, number>>;
}

export interface Judgement {
  readonly id: string;
  readonly text: string;
  readonly unit: string;
  /** Absent when there is none for this claim. */
  readonly stored?: number;
  /** Absent when this run has not measured it. */
  readonly measured?: number;
  /** The share by which it may be worse than what is stored. */
  readonly tolerance: number;
  readonly verdict: 'as stored' | 'better' | 'REGRESSION' | 'not stored' | 'not measured';
}

/**
 * A third more CPU time is what a careless middleware costs. Runs of the same code in one day on a machine that others share were 22 %
 * apart (hot), 27 % where a rival waits for its table (database-hot). Times of a start and of a blocked event loop jitter more
 * than sums over a thousand requests.
 */
const tolerances: readonly (readonly [prefix: string, share: number])[] = [
  ['start/', 0.35],
  ['database-hot/', 0.35],
  ['event-loop/', 1],
  ['memory/', 0.15],
  ['', 0.25],
];

export const toleranceOf = (id: string): number =>
  tolerances.find(([prefix]) => id.startsWith(prefix))?.[1] ?? 0;

export function baselineOf({ sections }: BenchResult): Baseline {
  const [first] = sections;
  if (first === undefined) throw new Error('Nothing was measured.');
  const { commit, node } = first.taken;
  const claims = guarded({ sections }).map(({ id, values }): [string, number] => [
    id,
    Number(median(values).toPrecision(3)),
  ]);
  return { commit, node, claims: Object.fromEntries(claims) };
}

/** One judgement per claim that is stored or measured. */
export function judge(stored: Baseline, result: BenchResult): Judgement[] {
  const claims = guarded(result);
  const measuredIds = new Set(claims.map(({ id }) => id));
  return [
    ...claims.map((claim) => judgeClaim(claim, stored.claims[claim.id])),
    ...Object.entries(stored.claims)
      .filter(([id]) => !measuredIds.has(id))
      .map(([id, value]): Judgement => ({
        id,
        text: id,
        unit: '',
        stored: value,
        tolerance: toleranceOf(id),
        verdict: 'not measured',
      })),
  ];
}

/** Only what has a target: a rival that got faster is no regression of ours. */
const guarded = ({ sections }: BenchResult): Claim[] =>
  sections.flatMap(({ claims }) => claims).filter(({ target }) => target !== undefined);

function judgeClaim({ id, text, unit, better, values }: Claim, stored?: number): Judgement {
  const [measured, tolerance] = [median(values), toleranceOf(id)];
  const known = { id, text, unit, measured, tolerance };
  if (stored === undefined) return { ...known, verdict: 'not stored' };
  const loss = better === 'more' ? stored / measured - 1 : measured / stored - 1;
  const verdict = loss > tolerance ? 'REGRESSION' : loss < -tolerance ? 'better' : 'as stored';
  return { ...known, stored, verdict };
}

/** Scenarios in which something seems worse than stored. */
export const suspects = (judgements: readonly Judgement[]): string[] => [
  ...new Set(judgements.filter(({ verdict }) => verdict === 'REGRESSION').map(({ id }) => scenarioOf(id))),
];

export const scenarioOf = (id: string): string => id.split('/')[0] ?? '';

/** A regression is one that is there the second time, too: a noisy minute is not. */
export const confirm = (first: readonly Judgement[], second: readonly Judgement[]): Judgement[] =>
  first.map((judgement) =>
    judgement.verdict === 'REGRESSION'
      ? (second.find(({ id }) => id === judgement.id) ?? judgement)
      : judgement,
  );

/** Whether a change may be merged. What was not measured, or has nothing to be compared with, is no proof. */
export const holds = (judgements: readonly Judgement[]): boolean =>
  judgements.length > 0 && judgements.every(({ verdict }) => verdict === 'as stored' || verdict === 'better');
