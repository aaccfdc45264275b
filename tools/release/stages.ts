import { Misuse, Problem } from '../../app/src/commands/problem.ts';

/**
 * What replaces the key that signs page cursors, in this order and round again: the new key is accepted, it signs, the old
 * key is dropped. The state counts the steps (output `cursor_key_stage`); what each stage means: modules/rotated-secret.
 */
export const rotationSteps = ['accept', 'sign', 'drop'] as const;
export type RotationStep = (typeof rotationSteps)[number];

const nextStep = (stage: number): RotationStep => rotationSteps[stage % 3] ?? 'accept';

export const describeStage = (stage: number): string => {
  const key = Math.floor(stage / 3);
  const meanings: Readonly<Record<RotationStep, string>> = {
    accept: `key ${key} alone`,
    sign: `key ${key} signs, key ${key + 1} is accepted`,
    drop: `key ${key + 1} signs, key ${key} is still accepted`,
  };
  return meanings[nextStep(stage)];
};

/** Misuse, said before anything is started: no step, or none of a rotation. */
export function readStep(text: string): RotationStep {
  const step = rotationSteps.find((known) => known === text);
  if (step !== undefined) return step;
  throw new Misuse(
    text === '' ? 'No step is named.' : `${text} is no step of a rotation.`,
    `Name the next one with STEP=${rotationSteps.join('|')}: docs/deploy.md, "Keys".`,
  );
}

/** The stage that a step leads to. Only the next step does: a repeated run, or one that is out of turn, changes nothing. */
export function stageAfter(step: RotationStep, stage: number): number {
  if (step === nextStep(stage)) return stage + 1;
  throw new Problem(
    `The step ${step} is not the next one: at stage ${stage} ${describeStage(stage)}.`,
    `The next step is ${nextStep(stage)}. None can be left out: tasks of the stage before would refuse what tasks of this one sign.`,
  );
}

/** Refuses a plan from one stage to another that is no neighbour. */
export function checkStage(from: number, to: number): void {
  if (Math.abs(to - from) <= 1) return;
  throw new Problem(
    `The cursor keys are at stage ${from}; a plan to stage ${to} leaves one out.`,
    `One step at a time: make rotate-cursor-key ENV=… STEP=${nextStep(from)}`,
  );
}
