import { expect, test } from '@jest/globals';
import { release, type Environment } from '../../tools/release/release.ts';
import { rotate, type Rotated } from '../../tools/release/rotate.ts';
import {
  checkStage,
  describeStage,
  readStep,
  rotationSteps,
  stageAfter,
} from '../../tools/release/stages.ts';

const silently = (): void => undefined;

interface Behaviour {
  readonly runs?: string;
  /** Images that pass their probes. */
  readonly good: readonly string[];
  /** Images that can't be applied. */
  readonly refused?: readonly string[];
  /** Images that are too slow under load. */
  readonly slow?: readonly string[];
}

/** An environment that remembers what it serves; what each image does is given. */
function environmentWith({ runs, good, refused = [], slow = [] }: Behaviour) {
  let running = runs;
  const deployments: (readonly [string, string | undefined])[] = [];
  const environment: Environment = {
    name: 'dev',
    running: () => Promise.resolve(running),
    deploy: (image, plan) => {
      deployments.push([image, plan]);
      const applied = !refused.includes(image);
      running = applied ? image : running;
      return Promise.resolve(applied);
    },
    isHealthy: () => Promise.resolve(running !== undefined && good.includes(running)),
    bearsLoad: () => Promise.resolve(running !== undefined && !slow.includes(running)),
  };
  return { environment, deployments };
}

test('an image that passes its probes stays, by the plan that was approved; load is put on it only where wanted', async () => {
  const { environment, deployments } = environmentWith({ runs: 'old', good: ['old', 'new'], slow: ['new'] });

  await release(environment, { image: 'new', plan: 'prod.tfplan' }, silently);

  expect(deployments).toEqual([['new', 'prod.tfplan']]);
});

const returned = [
  ['new', undefined],
  ['old', undefined],
];
test.each([
  [
    'that fails its probes is replaced by the one before',
    { runs: 'old', good: ['old'] },
    'dev: new failed its probes and was ROLLED BACK. old runs and passes its probes.',
    returned,
  ],
  [
    'that does not bear its load is replaced by the one before',
    { runs: 'old', good: ['old', 'new'], slow: ['new', 'old'] },
    'dev: new failed its load test and was ROLLED BACK. old runs and passes its probes.',
    returned,
  ],
  [
    'that is refused leaves what ran before alone',
    { runs: 'old', good: ['old', 'new'], refused: ['new'] },
    'dev: the release was not applied. What ran before still passes its probes.',
    [['new', undefined]],
  ],
  [
    'after one that failed already has nothing to return to',
    { runs: 'old', good: [] },
    'dev: new fails its probes, and there is no good image to return to.',
    [['new', undefined]],
  ],
  [
    'that is the first and fails has nothing to return to',
    { good: [] },
    'no good image to return to',
    [['new', undefined]],
  ],
  [
    'whose return fails as well says that somebody must look',
    { runs: 'old', good: ['old'], refused: ['old'] },
    'dev: new failed its probes, and returning to old FAILED TOO.',
    returned,
  ],
] as const)('an image %s, and the release fails', async (_what, behaviour, message, deployed) => {
  const { environment, deployments } = environmentWith(behaviour);

  await expect(release(environment, { image: 'new', underLoad: true }, silently)).rejects.toThrow(message);
  expect(deployments).toEqual(deployed);
});

test('of two releases that are started at once one stays, and the other takes nothing back', async () => {
  const { environment, deployments } = environmentWith({ runs: 'old', good: ['old', 'other'] });

  const outcomes = await Promise.allSettled(
    ['new', 'other'].map((image) => release(environment, { image }, silently)),
  );

  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  expect(outcomes[0]).toMatchObject({
    reason: {
      message:
        'dev: other runs now, and neither new nor what ran before: another release came in between. It is left alone.',
    },
  });
  expect(deployments.map(([image]) => image)).toEqual(['new', 'other']);
});

test('a release that is refused while another one is applied takes nothing back either', async () => {
  const { environment, deployments } = environmentWith({ runs: 'old', good: ['old'], refused: ['new'] });

  const outcomes = await Promise.allSettled(
    ['new', 'other'].map((image) => release(environment, { image }, silently)),
  );

  expect(outcomes[0]).toMatchObject({
    reason: { message: expect.stringContaining('another release came in between') as unknown },
  });
  expect(deployments.map(([image]) => image)).toEqual(['new', 'other', 'old']);
});

/** An environment that remembers its stage; what each stage does is given. */
function rotatedWith({ at, good, refused = [] }: { at?: number; good: number[]; refused?: number[] }) {
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

test('the next step of a rotation is taken, by the plan that was approved, and said', async () => {
  const { environment, moves } = rotatedWith({ at: 3, good: [3, 4] });
  const said: string[] = [];

  await rotate(environment, { step: 'accept', plan: 'step.tfplan' }, (line) => said.push(line));

  expect(moves).toEqual([[4, 'step.tfplan']]);
  expect(said.at(-1)).toBe('dev is at stage 4: key 1 signs, key 2 is accepted; all probes pass.');
});

test.each([
  ['out of turn', { at: 0, good: [0, 1] }, 'sign', 'The step sign is not the next one', []],
  ['taken already', { at: 1, good: [0, 1] }, 'accept', 'The step accept is not the next one', []],
  ['where nothing is deployed', { good: [] }, 'accept', 'dev is not deployed.', []],
  ['where tasks may not have arrived', { at: 1, good: [2] }, 'sign', 'so no key is touched', []],
  [
    'that fails its probes',
    { at: 0, good: [0] },
    'accept',
    'dev: stage 1 failed its probes and was TAKEN BACK. Stage 0 runs and passes its probes.',
    [1, 0],
  ],
  [
    'that is refused',
    { at: 1, good: [1, 2], refused: [2] },
    'sign',
    'dev: the step was not applied. Stage 1 still passes its probes.',
    [2],
  ],
  [
    'whose return fails, too',
    { at: 1, good: [1], refused: [1] },
    'sign',
    'dev: stage 2 failed its probes, and returning to 1 FAILED TOO.',
    [2, 1],
  ],
] as const)(
  'a step of a rotation %s is refused or taken back',
  async (_what, behaviour, step, message, moved) => {
    const { environment, moves } = rotatedWith({
      ...behaviour,
      good: [...behaviour.good],
      refused: [...('refused' in behaviour ? behaviour.refused : [])],
    });

    await expect(rotate(environment, { step }, silently)).rejects.toThrow(message);
    expect(moves.map(([stage]) => stage)).toEqual(moved);
  },
);

test('three steps replace a key, and the next three the next one', () => {
  const taken = [...rotationSteps, ...rotationSteps].reduce<readonly number[]>(
    (stages, step) => [...stages, stageAfter(step, stages.at(-1) ?? 0)],
    [0],
  );

  expect(taken.map(describeStage)).toEqual([
    'key 0 alone',
    'key 0 signs, key 1 is accepted',
    'key 1 signs, key 0 is still accepted',
    'key 1 alone',
    'key 1 signs, key 2 is accepted',
    'key 2 signs, key 1 is still accepted',
    'key 2 alone',
  ]);
});

test.each([
  ['sign', 0, 'accept'],
  ['drop', 1, 'sign'],
  ['sign', 2, 'drop'],
  ['sign', 3, 'accept'],
] as const)('the step %s is refused at stage %i, where the next one is %s', (step, stage, next) => {
  expect(() => stageAfter(step, stage)).toThrow(
    expect.objectContaining({ exitCode: 1, remedy: expect.stringContaining(`The next step is ${next}.`) }),
  );
});

test.each([
  ['', 'No step is named.'],
  ['rotate', 'rotate is no step of a rotation.'],
])('"%s" as a step is misuse', (text, message) => {
  expect(() => readStep(text)).toThrow(expect.objectContaining({ exitCode: 2, message }));
});

test.each([
  [4, 6],
  [6, 4],
  [0, 3],
])('a plan from stage %i to %i is refused, one between neighbours is not', (from, to) => {
  expect(() => {
    checkStage(from, to);
  }).toThrow(`at stage ${from}; a plan to stage ${to} leaves one out`);
  for (const near of [from - 1, from, from + 1])
    expect(() => {
      checkStage(from, near);
    }).not.toThrow();
});
