import { createPaint, type Paint } from '../../../app/src/commands/terminal.ts';
import {
  busyMetric,
  isMet,
  median,
  worst,
  type BenchResult,
  type Claim,
  type Figure,
  type Taken,
} from '../result.ts';

/** The result for a person at a terminal. */
export function describeResult(result: BenchResult, paint: Paint = createPaint({})): string {
  return result.sections
    .flatMap(({ title, measures, figures, claims, taken }) => [
      paint.bold(title),
      measures,
      describeTaken(taken),
      ...table(['', 'median', 'worst'], figures.map(figureRow)),
      ...table(
        ['', 'median', 'worst', 'target', ''],
        claims.map((claim) => claimRow(claim, paint)),
      ),
      '',
    ])
    .join('\n');
}

const describeTaken = ({ at, node, machine, loadGenerator, rounds, commit }: Taken): string =>
  `Node.js ${node}, ${machine}, load by ${loadGenerator}, fresh starts: ${rounds}, commit ${commit.slice(0, 12)}, ${at.slice(0, 16)}Z`;

const lessIsWorse: ReadonlySet<string> = new Set(['/s', '%']);

/** Below it the generator was the limit, or something else took the server's core. */
const saturatedPercent = 95;

const figureRow = ({ subject, metric, unit, values }: Figure): string[] => [
  `${subject}, ${metric}${isIdle(metric, values) ? ' (not saturated: its throughput says nothing)' : ''}`,
  shown(median(values), unit),
  shown(lessIsWorse.has(unit) ? Math.min(...values) : Math.max(...values), unit),
];

const isIdle = (metric: string, values: readonly number[]): boolean =>
  metric === busyMetric && median(values) < saturatedPercent;

const claimRow = (claim: Claim, paint: Paint): string[] => [
  claim.text,
  shown(median(claim.values), claim.unit),
  shown(worst(claim), claim.unit),
  targetText(claim),
  verdict(claim, paint),
];

export function targetText({ target, unit }: Claim): string {
  if (target === undefined) return '';
  return 'atLeast' in target ? `≥ ${shown(target.atLeast, unit)}` : `≤ ${shown(target.atMost, unit)}`;
}

function verdict(claim: Claim, paint: Paint): string {
  const met = isMet(claim);
  if (met === undefined) return '';
  return met ? 'met' : paint.red('MISSED');
}

/** Three significant digits are more than such a measurement has. */
export function shown(value: number, unit: string): string {
  const text =
    Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
  return unit === '×' || unit === '/s' ? `${text}${unit}` : `${text} ${unit}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    `  ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ')}`.trimEnd();
  return [line(head), ...rows.map(line)];
}
