import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Deployment } from '../../deployed/deployment.ts';
import { between, drawChart, type Figures, figuresOf, isFailed, lastBadAfter, type Mark } from './figures.ts';
import type { Requirement } from '../../support/requirements.ts';
import { drillIds, type Harm, type LocalState } from '../../../tools/sandbox/deployment/state.ts';
import { type Load, type Outcome, startLoad } from '../../../tools/sandbox/deployment/load.ts';

/** What a drill has to break things with. */
export interface Scene {
  readonly deployment: Deployment;
  readonly harm: Harm;
  readonly state: () => Promise<LocalState>;
  /** Address of the deployment's control server. */
  readonly control: string;
  /** Folder of the deployment. */
  readonly home: string;
  readonly ratePerSecond: number;
  /** Puts a vertical line into the chart. */
  readonly mark: (label: string) => void;
  /** Time on the clock of the load, in ms. */
  readonly now: () => number;
  readonly say: (line: string) => void;
}

export interface Drill {
  /** Name of its files, and what `make drill` calls it. */
  readonly id: (typeof drillIds)[number];
  readonly title: string;
  /** What it takes beyond the deployment. */
  readonly requires?: readonly Requirement[];
  /** The load ends after it in any case; 240,000 by default. */
  readonly longestMs?: number;
  readonly budget: (scene: Scene) => Promise<Budget>;
  /** Done before the load begins; resolves with what is to be undone after it ended. */
  readonly prepare?: (scene: Pick<Scene, 'deployment' | 'state'>) => Promise<() => Promise<void>>;
  /** Breaks something, and resolves when the deployment says that it is well again. Rejects when it isn't in time. */
  readonly act: (scene: Scene) => Promise<Seen>;
}

/** The pass mark. Before the fault and after it is over nothing may fail at all. */
export interface Budget {
  /** Requests that may fail while it lasts; those in flight when it began may fail in any case. */
  readonly failed: number;
  /** What a failure has to be: any by default. */
  readonly failures?: { readonly status: number; readonly withinMs: number };
  /** From the end of the cause, or from the fault when that stays, until the last request that failed or was slow. */
  readonly recoveredWithinMs: number;
}

export interface Seen {
  /** When the cause was taken away, on the clock of the load; absent when it stays. */
  readonly healedAt?: number;
  /** For the report. */
  readonly facts: Readonly<Record<string, string | number>>;
}

export interface DrillResult {
  readonly drill: Pick<Drill, 'id' | 'title'>;
  readonly before: Figures;
  readonly during: Figures;
  readonly after: Figures;
  /** See `Budget.recoveredWithinMs`. */
  readonly recoveredAfterMs: number;
  /** Requests in flight when the fault was made, on any task: at least those on the lost one. */
  readonly inFlightAtFault: number;
  readonly facts: Readonly<Record<string, string | number>>;
  readonly outcomes: readonly Outcome[];
  readonly marks: readonly Mark[];
  readonly budget: Budget;
}

export const ratePerSecond = 40;
const quietMs = 6_000;
/** An answer that a person would call slow; the service's own objective for reads is stricter. */
export const slowMs = 1_000;
export const longestDrillMs = 240_000;
/** A request that was due this long before the fault may have been in flight when it came. */
const inFlightMs = 100;
const progressEveryMs = 5_000;

/** Runs a drill under constant load: quiet, fault, recovery, quiet. */
export async function runDrill(
  drill: Drill,
  local: Pick<Scene, 'deployment' | 'harm' | 'state' | 'control' | 'home' | 'say'>,
): Promise<DrillResult> {
  const { deployment, harm, say } = local;
  const undo = await drill.prepare?.(local);
  const load = startLoad({
    url: deployment.url,
    ratePerSecond,
    path: (n) => paths[n % paths.length] ?? '/',
    headers: { authorization: `Bearer ${await deployment.token('movies/read')}` },
    timeoutMs: 20_000,
    maxRequests: ((drill.longestMs ?? longestDrillMs) / 1_000) * ratePerSecond,
  });
  const progress = setInterval(() => {
    say(`  ${drill.id}: ${describeNow(load)}`);
  }, progressEveryMs);
  const marks: Mark[] = [];
  const mark = (label: string) => {
    marks.push({ at: load.now(), label });
    say(`  ${drill.id}: ${label}`);
  };
  const scene = { ...local, ratePerSecond, mark, now: load.now };
  try {
    const budget = await drill.budget(scene);
    await pause(quietMs);
    const [faultAt, inFlightAtFault] = [load.now(), load.inFlight()];
    const { healedAt = faultAt, facts } = await drill.act(scene);
    const wellAt = load.now();
    mark('well');
    await pause(quietMs);
    await load.stop();
    const { outcomes } = load;
    return {
      drill: { id: drill.id, title: drill.title },
      before: figuresOf(between(outcomes, 0, faultAt - inFlightMs)),
      during: figuresOf(between(outcomes, faultAt - inFlightMs, wellAt)),
      after: figuresOf(between(outcomes, wellAt, Infinity)),
      recoveredAfterMs: lastBadAfter(outcomes, healedAt, slowMs) - healedAt,
      inFlightAtFault,
      facts,
      outcomes,
      marks,
      budget,
    };
  } finally {
    clearInterval(progress);
    await load.stop();
    await harm({ kind: 'heal' });
    await undo?.();
  }
}

/** Every way in which a result misses its pass mark, in words. Nothing when it passes. */
export function judge(result: Omit<DrillResult, 'drill' | 'facts' | 'marks'>): readonly string[] {
  const { before, during, after, recoveredAfterMs, inFlightAtFault, outcomes, budget } = result;
  const allowed = budget.failed + inFlightAtFault;
  const { failures } = budget;
  const wrong = outcomes.filter(
    (one) =>
      failures !== undefined &&
      isFailed(one) &&
      (one.status !== failures.status || one.tookMs > failures.withinMs),
  );
  const list = ({ failures: seen }: Figures): string => JSON.stringify(seen);
  return [
    ...(before.requests > 0 && after.requests > 0
      ? []
      : ['no load before or after the fault: nothing is proven']),
    ...(before.failed > 0 ? [`${before.failed} requests failed before the fault: ${list(before)}`] : []),
    ...(during.failed > allowed ? [`${during.failed} requests failed, ${allowed} may: ${list(during)}`] : []),
    ...(after.failed > 0 ? [`${after.failed} requests failed when it was over: ${list(after)}`] : []),
    ...(failures !== undefined && wrong.length > inFlightAtFault
      ? [
          `${wrong.length} failures were no ${failures.status} within ${seconds(failures.withinMs)}: ${list(figuresOf(wrong))}`,
        ]
      : []),
    ...(recoveredAfterMs > budget.recoveredWithinMs
      ? [
          `a request failed or was slow ${seconds(recoveredAfterMs)} after, ${seconds(budget.recoveredWithinMs)} are allowed`,
        ]
      : []),
  ];
}

export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

function describeNow({ outcomes, inFlight, now }: Load): string {
  const recent = figuresOf(between(outcomes, now() - progressEveryMs, Infinity));
  const all = outcomes.filter(isFailed).length;
  return `${seconds(now())}, ${outcomes.length} answers, ${all} failed, ${inFlight()} in flight, p99 ${recent.p99.toFixed(0)} ms`;
}

/** Reads of both kinds: one movie, and a page of a year. Their answers need the database. */
const paths = ['/movies?year=1998&limit=5', '/movies?year=2003&limit=5', '/movies?year=1994&limit=1'];

/** Writes chart and figures of a drill, and prints them. */
export async function reportDrill(
  folder: string,
  result: DrillResult,
  say: (line: string) => void,
): Promise<void> {
  const { drill, outcomes, marks } = result;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${drill.id}.svg`), drawChart(drill.title, outcomes, marks));
  await writeFile(
    join(folder, `${drill.id}.md`),
    `${describeDrill(result)}\n\n![requests and p99](${drill.id}.svg)\n`,
  );
  say(`\n${describeDrill(result)}\n`);
}

const ms = (value: number): string => `${value.toFixed(0)} ms`;

function describeDrill(result: DrillResult): string {
  const { drill, before, during, after, recoveredAfterMs, facts, budget } = result;
  const missed = judge(result);
  const row = (name: string, { requests, failed, p50, p99, longest }: Figures): string =>
    `| ${name.padEnd(6)} | ${String(requests).padStart(8)} | ${String(failed).padStart(6)} | ${ms(p50).padStart(8)} | ${ms(p99).padStart(8)} | ${ms(longest).padStart(8)} |`;
  return [
    `### ${drill.title}: ${missed.length === 0 ? 'passed' : 'FAILED'}`,
    '',
    '|        | requests | failed |      p50 |      p99 |  longest |',
    '| ------ | -------: | -----: | -------: | -------: | -------: |',
    row('before', before),
    row('during', during),
    row('after', after),
    '',
    `Recovered after ${seconds(recoveredAfterMs)}, ${seconds(budget.recoveredWithinMs)} are allowed. ` +
      Object.entries(facts)
        .map(([name, value]) => `${name}: ${value}`)
        .join(' · '),
    ...Object.entries(during.failures).map(([name, count]) => `- ${count} × ${name}`),
    ...missed.map((reason) => `- **${reason}**`),
  ].join('\n');
}
