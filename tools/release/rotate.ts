import { Misuse, Problem } from '../../app/src/commands/problem.ts';
import { stageOf } from '../lib/terraform/service-root.ts';
import type { Account } from './account.ts';
import type { Surroundings } from './check.ts';
import { checkLifetime } from './identity.ts';
import { succeeds } from './release.ts';
import { describeStage, readStep, stageAfter, type RotationStep } from './stages.ts';

/** An environment, as far as replacing the key that signs page cursors goes. */
export interface Rotated {
  readonly name: string;
  /** Stage of its cursor keys; undefined before the first deployment. */
  readonly stage: () => Promise<number | undefined>;
  /** Resolves with whether the stage was applied. A plan is the one that was approved; without it a new one is made. */
  readonly moveTo: (stage: number, plan?: string) => Promise<boolean>;
  /** Whether each probe gets the answer that is meant, from tasks that all run what was applied. */
  readonly isHealthy: () => Promise<boolean>;
}

export interface WantedStep {
  readonly step: RotationStep;
  readonly plan?: string;
}

/** The stage that a step leads to, from the one that is deployed. Refuses whatever isn't the next step. */
async function findStage(
  { name, stage }: Pick<Rotated, 'name' | 'stage'>,
  step: RotationStep,
): Promise<number> {
  const reached = await stage();
  if (reached === undefined)
    throw new Misuse(`${name} is not deployed.`, `Deploy it first: make release ENV=${name}`);
  return stageAfter(step, reached);
}

/**
 * Takes one step of a rotation and probes; when that fails, the stage before comes back. The environment has to be healthy
 * before: a stage is safe beside its neighbours only, so every task must have arrived at the one before. Rejects with a
 * `Problem` in every case but a good step.
 */
export async function rotate(
  environment: Rotated,
  { step, plan }: WantedStep,
  say: (line: string) => void,
): Promise<void> {
  const { name } = environment;
  const wanted = await findStage(environment, step);
  const before = wanted - 1;
  if (!(await environment.isHealthy()))
    throw new Problem(
      `${name} fails its probes at stage ${before}, so no key is touched: some tasks may not have arrived there yet.`,
      'Repair it first (make release, make rollback), then take the step.',
    );
  say(`${name}: from stage ${before} (${describeStage(before)}) to ${wanted} (${describeStage(wanted)})`);
  const applied = await environment.moveTo(wanted, plan);
  const healthy = await environment.isHealthy();
  if (applied && healthy) {
    say(`${name} is at stage ${wanted}: ${describeStage(wanted)}; all probes pass.`);
    return;
  }
  if (!applied && healthy)
    throw new Problem(
      `${name}: the step was not applied. Stage ${before} still passes its probes.`,
      'The reason is printed above.',
    );
  say(`${name}: stage ${wanted} fails its probes; returning to ${before}`);
  const returned = (await environment.moveTo(before)) && (await environment.isHealthy());
  throw returned
    ? new Problem(
        `${name}: stage ${wanted} failed its probes and was TAKEN BACK. Stage ${before} runs and passes its probes.`,
        'What failed is told above, before the return. No cursor was refused by this: stages take what their neighbours sign.',
      )
    : new Problem(
        `${name}: stage ${wanted} failed its probes, and returning to ${before} FAILED TOO.`,
        'Somebody must look now: docs/deploy.md, "When the pipeline is down".',
      );
}

interface Step {
  readonly env: string;
  readonly step: string;
  readonly plan: string;
}

/** Writes the plan of a step, for a person to read; `takeStep` applies it. */
export async function planStep(
  account: Account,
  { env: name, step, plan }: Step,
  commit: string,
): Promise<void> {
  const wanted = readStep(step);
  const outputs = await account.deployedOutputs(name);
  const cursorKeyStage = stageAfter(wanted, stageOf(outputs));
  await account.plan({ environment: name, image: String(outputs['image']), commit, cursorKeyStage }, plan);
}

/** Takes a step in an environment of the account, by the commands that a person uses. */
export async function takeStep(
  { env, say, account }: Surroundings & { readonly account: Account },
  { env: name, step, plan }: Step,
): Promise<void> {
  checkLifetime(env, new Date());
  const wanted = readStep(step);
  const environment: Rotated = {
    name,
    stage: async () => {
      const outputs = await account.outputs(name);
      return typeof outputs['image'] === 'string' ? stageOf(outputs) : undefined;
    },
    moveTo: async (stage, file = '') => {
      const { image } = await account.outputs(name);
      const about = ['--image', String(image), '--cursor-key-stage', String(stage), '--plan', file];
      return succeeds('main.ts', 'deploy', '--env', name, ...about);
    },
    isHealthy: () => succeeds('verify.ts', 'probes', '--env', name),
  };
  await rotate(environment, { step: wanted, ...(plan === '' ? {} : { plan }) }, say);
}
