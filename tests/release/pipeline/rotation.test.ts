import { expect, test } from '@jest/globals';
import { rotate, type Rotated } from '../../../tools/release/rotation.ts';

interface Behaviour {
  readonly at?: number;
  /** Stages that pass their probes. */
  readonly good: readonly number[];
  /** Stages that can't be applied. */
  readonly refused?: readonly number[];
}

/** An environment that remembers its stage; what each stage does is given. */
function rotatedWith({ at, good, refused = [] }: Behaviour): {
  environment: Rotated;
  moves: (readonly [number, string | undefined])[];
} {
  let reached = at;
  const moves: (readonly [number, string | undefined])[] = [];
  const environment: Rotated = {
    name: 'dev',
    stage: () => Promise.resolve(reached),
    moveTo: (stage, plan) => {
      moves.push([stage, plan]);
      const applied = !refused.includes(stage);
      reached = applied ? stage : reached;
      return Promise.resolve(applied);
    },
    isHealthy: () => Promise.resolve(reached !== undefined && good.includes(reached)),
  };
  return { environment, moves };
}

const silently = (): void => undefined;

test('the next step is taken, by the plan that was approved, and said', async () => {
  const { environment, moves } = rotatedWith({ at: 3, good: [3, 4] });
  const said: string[] = [];

  await rotate(environment, { step: 'accept', plan: 'step.tfplan' }, (line) => said.push(line));

  expect(moves).toEqual([[4, 'step.tfplan']]);
  expect(said.at(-1)).toBe('dev is at stage 4: key 1 signs, key 2 is accepted; all probes pass.');
});

test('a stage that fails its probes is taken back', async () => {
  const { environment, moves } = rotatedWith({ at: 0, good: [0] });

  await expect(rotate(environment, { step: 'accept', plan: 'p' }, silently)).rejects.toThrow(
    'dev: stage 1 failed its probes and was TAKEN BACK. Stage 0 runs and passes its probes.',
  );
  expect(moves).toEqual([
    [1, 'p'],
    [0, undefined],
  ]);
});

test.each([
  ['a step out of turn', { at: 0, good: [0, 1] }, 'sign', 'The step sign is not the next one'],
  ['a step that was taken already', { at: 1, good: [0, 1] }, 'accept', 'The step accept is not the next one'],
  ['a step where nothing is deployed', { good: [] }, 'accept', 'dev is not deployed.'],
  ['a step where tasks may not have arrived', { at: 1, good: [2] }, 'sign', 'so no key is touched'],
] as const)('%s changes nothing', async (_what, behaviour, step, message) => {
  const { environment, moves } = rotatedWith(behaviour);

  await expect(rotate(environment, { step }, silently)).rejects.toThrow(message);
  expect(moves).toEqual([]);
});

test('a step that is refused leaves the stage before alone', async () => {
  const { environment, moves } = rotatedWith({ at: 1, good: [1, 2], refused: [2] });

  await expect(rotate(environment, { step: 'sign' }, silently)).rejects.toThrow(
    'dev: the step was not applied. Stage 1 still passes its probes.',
  );
  expect(moves).toEqual([[2, undefined]]);
});

test('a return that fails as well says that somebody must look', async () => {
  const { environment } = rotatedWith({ at: 1, good: [1], refused: [1] });

  await expect(rotate(environment, { step: 'sign' }, silently)).rejects.toThrow(
    'dev: stage 2 failed its probes, and returning to 1 FAILED TOO.',
  );
});
