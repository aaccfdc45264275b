import { expect, test } from '@jest/globals';
import { baselineOf, confirm, holds, judge, suspects, type Baseline } from '../../tools/bench/baseline.ts';
import { describeJudgement, reportJudgements } from '../../tools/bench/report/judgements.ts';
import { merge, type BenchResult, type Claim } from '../../tools/bench/result.ts';

const taken = {
  at: '2026-01-01T00:00:00Z',
  node: '24.0.0',
  machine: 'a machine',
  loadGenerator: 'autocannon',
  rounds: 3,
  commit: 'c1',
};
const ratio = (values: readonly number[], changes: Partial<Claim> = {}): Claim => ({
  id: 'hot/cpu/bare Express',
  text: 'hot: ours, × bare Express',
  unit: '×',
  better: 'more',
  values,
  target: { atLeast: 1.1 },
  ...changes,
});
const resultOf = (...claims: readonly Claim[]): BenchResult => ({
  sections: [{ scenario: 'hot', title: 'Hot', measures: 'This.', taken, figures: [], claims }],
});
const stored: Baseline = { commit: 'c0', node: '24.0.0', claims: { 'hot/cpu/bare Express': 1.2 } };

test('a ratio that fell below what is stored and tolerated is a regression by name, with all its figures', () => {
  const judgements = judge(stored, resultOf(ratio([0.9, 0.91, 1.3])));

  expect(holds(judgements)).toBe(false);
  expect(judgements.map(describeJudgement)).toEqual([
    'REGRESSION: hot/cpu/bare Express, stored 1.2×, measured 0.91×, tolerated 25 % worse',
  ]);
});

test.each([
  ['is there the second time, too,', 0.85, false, 'REGRESSION'],
  ['was that of a noisy minute', 1.1, true, 'as stored'],
] as const)('a regression that %s is judged by the second time', (_what, again, isWell, verdict) => {
  const first = judge(stored, resultOf(ratio([0.8])));
  const judgements = confirm(first, judge(stored, resultOf(ratio([again]))));

  expect(suspects(first)).toEqual(['hot']);
  expect(judgements).toMatchObject([{ verdict, measured: again }]);
  expect(holds(judgements)).toBe(isWell);
});

test('what is not measured the second time stays a regression, and what was well is not asked again', () => {
  const worse = judge(stored, resultOf(ratio([0.8])));
  const well = judge(stored, resultOf(ratio([1.2])));

  expect(confirm(worse, [])).toEqual(worse);
  expect(suspects(well)).toEqual([]);
  expect(confirm(well, worse)).toEqual(well);
});

test('a ratio within the tolerance holds, and so does a better one', () => {
  const verdictOf = (value: number) => judge(stored, resultOf(ratio([value]))).map(({ verdict }) => verdict);

  expect([verdictOf(0.97), verdictOf(1.2), verdictOf(3)]).toEqual([['as stored'], ['as stored'], ['better']]);
  expect(holds(judge(stored, resultOf(ratio([0.97]))))).toBe(true);
});

test('where less is better, more is the regression', () => {
  const start = (value: number) =>
    ratio([value], { id: 'start/ready', better: 'less', target: { atMost: 3 } });
  const before = baselineOf(resultOf(start(2)));

  expect(holds(judge(before, resultOf(start(2.6))))).toBe(true);
  expect(holds(judge(before, resultOf(start(2.8))))).toBe(false);
});

test.each([
  ['has no stored ratio', { ...stored, claims: {} }, resultOf(ratio([1.2])), 'not stored'],
  ['was not measured', stored, resultOf(), 'not measured'],
] as const)('what %s proves nothing', (_what, before, result, verdict) => {
  const judgements = judge(before, result);

  expect(judgements.map((one) => one.verdict)).toEqual([verdict]);
  expect(holds(judgements)).toBe(false);
});

test('a run without a single ratio is no proof', () => {
  expect(holds(judge({ ...stored, claims: {} }, resultOf()))).toBe(false);
});

test('what has no target is not stored: a rival that got faster is no regression', () => {
  const { target, ...plain } = ratio([1]);

  expect(target).toBeDefined();
  expect(baselineOf(resultOf(ratio([1.2345]), { ...plain, id: 'hot/throughput' })).claims).toEqual({
    'hot/cpu/bare Express': 1.23,
  });
});

test('the report for the pull request fails with an annotation for each regression', () => {
  const report = reportJudgements(judge(stored, resultOf(ratio([0.5]))));

  expect(report.result).toBe('FAILED');
  expect(report.annotations.map(({ summary, severity }) => [severity, summary])).toEqual([
    ['HIGH', 'REGRESSION: hot/cpu/bare Express, stored 1.2×, measured 0.5×, tolerated 25 % worse'],
  ]);
});

test('a new section takes the place of the old one, in the order of the scenarios; others stay', () => {
  const section = (scenario: string, title: string) => ({
    ...resultOf().sections[0],
    ...{ scenario, title, measures: '', taken, figures: [], claims: [] },
  });

  const merged = merge(
    { sections: [section('a', 'old'), section('b', 'old')] },
    { sections: [section('c', 'new'), section('b', 'new')] },
    ['a', 'b', 'c'],
  );

  expect(merged.sections.map(({ scenario, title }) => `${title} ${scenario}`)).toEqual([
    'old a',
    'new b',
    'new c',
  ]);
});
