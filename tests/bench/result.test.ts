import { expect, test } from '@jest/globals';
import { describeResult } from '../../tools/bench/report/table.ts';
import { isMet, median, worst, type BenchResult, type Claim } from '../../tools/bench/result.ts';

const claim = (values: readonly number[], target: Claim['target']): Claim => ({
  id: 'rotating/cpu/bare Express',
  text: 'ours, × bare Express',
  unit: '×',
  better: 'more',
  values,
  ...(target === undefined ? {} : { target }),
});
const taken = {
  at: '2026-01-01T00:00:00Z',
  node: '24.0.0',
  machine: 'a machine',
  loadGenerator: 'wrk',
  rounds: 3,
  commit: '0123456789abcdef',
};
const resultWith = (one: Claim): BenchResult => ({
  sections: [
    { scenario: 'rotating', title: 'Rotating', measures: 'This.', taken, figures: [], claims: [one] },
  ],
});

test('the median decides, and the worst is shown beside it', () => {
  const good = claim([0.5, 0.9, 0.8], { atLeast: 0.75 });

  expect([median(good.values), worst(good), isMet(good)]).toEqual([0.8, 0.5, true]);
  expect(describeResult(resultWith(good))).toMatch(/0\.8×\s+0\.5×\s+≥ 0\.75×\s+met/);
});

test('a missed target is said to be missed', () => {
  const bad = claim([0.7, 0.9, 0.6], { atLeast: 0.75 });

  expect(isMet(bad)).toBe(false);
  expect(describeResult(resultWith(bad))).toContain('MISSED');
});

test('a limit is met by what stays below it', () => {
  expect([isMet(claim([119], { atMost: 120 })), isMet(claim([121], { atMost: 120 }))]).toEqual([true, false]);
});

test('what has no target is neither met nor missed', () => {
  expect(isMet(claim([1], undefined))).toBeUndefined();
});

test('there is no median of nothing', () => {
  expect(() => median([])).toThrow('no median of nothing');
});
