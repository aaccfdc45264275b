import { expect, test } from '@jest/globals';
import { drawBench } from '../../tools/bench/report/chart.ts';
import { claimsTable, takenTable } from '../../tools/bench/report/markdown.ts';
import { describeResult } from '../../tools/bench/report/table.ts';
import { busyMetric, type BenchResult, type Claim, type Figure } from '../../tools/bench/result.ts';

const claim = (text: string, value: number, changes: Partial<Claim> = {}): Claim => ({
  id: text,
  text,
  unit: '×',
  better: 'more',
  values: [value],
  ...changes,
});
const figure = (subject: string, metric: string, unit: string, value: number): Figure => ({
  subject,
  metric,
  unit,
  values: [value],
});
const result = (figures: readonly Figure[], claims: readonly Claim[]): BenchResult => ({
  sections: [
    {
      scenario: 'hot',
      title: 'Hot <reads>',
      measures: 'What is hot.',
      taken: {
        at: '2026-01-02T03:04:05Z',
        node: '24.1.0',
        machine: 'a machine',
        loadGenerator: 'wrk',
        rounds: 5,
        commit: '0123456789abcdef',
      },
      figures,
      claims,
    },
  ],
});
const aimed = { target: { atLeast: 1 } };

test('a table of the docs has what has a target first, and says what is missed', () => {
  const table = claimsTable(
    result([], [claim('beside it', 2), claim('reached', 1.5, aimed), claim('missed', 0.5, aimed)]),
  );

  expect(table.split('\n').filter((line) => line.startsWith('|') && !line.includes('--'))).toEqual([
    '| what | median | worst | target | met |',
    '| reached | 1.5× | 1.5× | ≥ 1× | yes |',
    '| missed | 0.5× | 0.5× | ≥ 1× | **no** |',
    '| what | median | worst |',
    '| beside it | 2× | 2× |',
  ]);
});

test('each scenario says what it measures, on which Node.js, of which commit', () => {
  expect(takenTable(result([], []))).toContain(
    '| `hot` | What is hot. | 24.1.0 | 5 | wrk | 0123456 | 2026-01-02 |',
  );
});

test('a server that the load left idle is said to be so: its throughput says nothing', () => {
  const of = (busy: number) => describeResult(result([figure('ours', busyMetric, '%', busy)], []));

  expect(of(60)).toContain('not saturated');
  expect(of(99)).not.toContain('not saturated');
});

test('the chart is as long as a target is reached, green or red, and its text is escaped', () => {
  const chart = drawBench(
    result(
      [figure('ours', 'CPU per request', 'µs', 20), figure('bare Express', 'CPU per request', 'µs', 40)],
      [claim('reached', 1.5, aimed), claim('missed', 0.5, aimed)],
    ),
  );

  const widths = [...chart.matchAll(/<rect class="(ours|other|good|bad)".* width="([\d.]+)"/g)].map(
    ([, name, width]) => [name, Number(width)] as const,
  );
  expect(widths.map(([name]) => name)).toEqual(['ours', 'other', 'good', 'bad']);
  expect((widths[0]?.[1] ?? 0) / (widths[1]?.[1] ?? 1)).toBeCloseTo(2, 1);
  expect((widths[2]?.[1] ?? 0) / (widths[3]?.[1] ?? 1)).toBeCloseTo(3, 1);
  expect(chart).toContain('Hot &#60;reads&#62;');
});
