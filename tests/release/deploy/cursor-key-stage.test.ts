import { expect, test } from '@jest/globals';
import {
  checkStage,
  describeStage,
  readStep,
  rotationSteps,
  stageAfter,
  stageOf,
} from '../../../tools/lib/terraform/cursor-key-stage.ts';

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
  ['drop', 0, 'accept'],
  ['accept', 1, 'sign'],
  ['drop', 1, 'sign'],
  ['sign', 2, 'drop'],
  ['sign', 3, 'accept'],
] as const)('the step %s is refused at stage %i, where the next one is %s', (step, stage, next) => {
  expect(() => stageAfter(step, stage)).toThrow(
    expect.objectContaining({
      exitCode: 1,
      message: expect.stringContaining(`The step ${step} is not the next one: at stage ${stage}`),
      remedy: expect.stringContaining(`The next step is ${next}.`),
    }),
  );
});

test.each([
  ['', 'No step is named.'],
  ['rotate', 'rotate is no step of a rotation.'],
])('"%s" is misuse', (text, message) => {
  expect(() => readStep(text)).toThrow(expect.objectContaining({ exitCode: 2, message }));
});

test.each([
  [4, 5],
  [5, 4],
  [4, 4],
])('a plan from stage %i to %i is one of neighbours', (from, to) => {
  expect(() => {
    checkStage(from, to);
  }).not.toThrow();
});

test.each([
  [4, 6],
  [6, 4],
  [0, 3],
])('a plan from stage %i to %i is refused', (from, to) => {
  expect(() => {
    checkStage(from, to);
  }).toThrow(`at stage ${from}; a plan to stage ${to} leaves one out`);
});

test('what was never deployed is at stage 0', () => {
  expect([stageOf({}), stageOf({ cursor_key_stage: 2 })]).toEqual([0, 2]);
});
