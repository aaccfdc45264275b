import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Definition } from '../../lib/pipeline-definition.ts';
import { cloneInto, createArtifacts, createCaches, type PlannedStep, readStages } from './clones.ts';
import { type Ended, endProcessesIn, runLines } from './shell.ts';

export type Outcome = 'passed' | 'failed' | 'stopped' | 'waits for a person' | 'not run' | 'left out';

export interface StepResult {
  readonly name: string;
  readonly outcome: Outcome;
  readonly seconds: number;
  readonly processorSeconds?: number;
  /** The line that failed. */
  readonly line?: string;
  /** File with what it printed. */
  readonly log?: string;
}

export interface RunOptions {
  readonly definition: Definition;
  /** Such as `branches/main`. */
  readonly pipeline: string;
  /** Bare repository whose branch `main` is built. */
  readonly repository: string;
  /** Folder of this run: clones, logs, artifacts. */
  readonly home: string;
  /** Folder of the caches, which outlive a run. */
  readonly caches: string;
  /** How much longer than its limit a step may take: a machine is not as fast as a step of Bitbucket. */
  readonly slowness?: number;
  /** The whole environment of a step in its clone. */
  readonly environmentOf: (step: PlannedStep, clone: string) => Promise<NodeJS.ProcessEnv>;
  /** Words before a step's shell: what it runs within. `layer` is a folder for what it changes outside of its clone. */
  readonly withinOf?: (step: PlannedStep, layer: string) => readonly string[];
  /** Whether a person starts a manual step. */
  readonly approves: (step: PlannedStep) => Promise<boolean>;
  /** Steps that are left out on purpose; the result says so. */
  readonly leavesOut?: (step: PlannedStep) => boolean;
  /** Before a step's script, in its clone. */
  readonly prepare?: (step: PlannedStep, clone: string) => Promise<void>;
  /** After a step has passed, in its clone. */
  readonly passed?: (step: PlannedStep, clone: string) => Promise<void>;
  /** Ends whatever runs, for an interrupt. */
  readonly signal?: AbortSignal;
  readonly say: (line: string) => void;
}

/** Runs a pipeline's stages in order; nothing runs after one that failed or waits. Resolves with every step's result. */
export async function runPipeline(options: RunOptions): Promise<readonly StepResult[]> {
  const results: StepResult[] = [];
  for (const steps of readStages(options.definition, options.pipeline)) {
    const goesOn = results.every(({ outcome }) => outcome === 'passed' || outcome === 'left out');
    results.push(
      ...(goesOn
        ? await Promise.all(steps.map((step) => runStep(step, options)))
        : steps.map(({ name }) => ({ name, outcome: 'not run', seconds: 0 }) as const)),
    );
  }
  return results;
}

async function runStep(step: PlannedStep, options: RunOptions): Promise<StepResult> {
  const { home, approves, leavesOut = () => false, signal, say } = options;
  const { name } = step;
  const isLeftOut = leavesOut(step);
  if (isLeftOut || (step.isManual && !(await approves(step)))) {
    const outcome = isLeftOut ? 'left out' : 'waits for a person';
    say(`${name}: ${outcome}`);
    return { name, outcome, seconds: 0 };
  }
  const startedAt = Date.now();
  const log = join(home, 'logs', `${slug(name)}.log`);
  await mkdir(join(home, 'logs'), { recursive: true });
  await writeFile(log, '');
  say(`${name} …`);
  const minutes = step.maxMinutes * (options.slowness ?? 1);
  const limit = AbortSignal.timeout(minutes * 60_000);
  const { succeeded, line, processorSeconds } = await runInClone(step, options, log, limit);
  const seconds = (Date.now() - startedAt) / 1_000;
  const outcome = succeeded ? 'passed' : signal?.aborted === true ? 'stopped' : 'failed';
  const by = limit.aborted && outcome === 'failed' ? `, ended by its limit of ${minutes} min,` : '';
  say(`${name}: ${outcome} after ${seconds.toFixed(0)} s${by}${line === undefined ? '' : ` at: ${line}`}`);
  return { name, outcome, seconds, processorSeconds, log, ...(line === undefined ? {} : { line }) };
}

async function runInClone(
  step: PlannedStep,
  options: RunOptions,
  log: string,
  limit: AbortSignal,
): Promise<Ended> {
  const { definition, repository, home, environmentOf, prepare, passed } = options;
  const clone = join(home, 'clones', slug(step.name));
  const caches = createCaches(definition, options.caches);
  const artifacts = createArtifacts(join(home, 'artifacts'));
  await cloneInto(clone, repository, definition, step.settings);
  await caches.restore(step, clone);
  await artifacts.lay(clone);
  await prepare?.(step, clone);
  const env = await environmentOf(step, clone);
  const signal = AbortSignal.any([limit, ...(options.signal ? [options.signal] : [])]);
  const within = options.withinOf?.(step, `${clone}.layer`) ?? [];
  const ended = await runLines(step.script, { folder: clone, env, log, signal, within });
  await artifacts.capture(step, clone, ended.succeeded);
  // What a deployment leaves running stands for ECS, which is not in the step's container.
  if (step.deployment === undefined) await endProcessesIn(clone);
  await rm(`${clone}.layer`, { recursive: true, force: true });
  if (ended.succeeded) {
    await caches.keep(step, clone);
    await passed?.(step, clone);
  }
  return ended;
}

const slug = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
