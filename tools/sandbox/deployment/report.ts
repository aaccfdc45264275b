import type { Progress } from '../../lib/progress.ts';

/** Where the time went: each step. */
export function describeTimings(progress: Progress): string {
  const steps = progress.timings().map(({ step, seconds }): [string, number] => [step, seconds]);
  const total = steps.reduce((sum, [, seconds]) => sum + seconds, 0);
  return ['', ...table([...steps, ['together', total]])].join('\n');
}

function table(rows: readonly (readonly [string, number])[]): readonly string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, seconds]) => `  ${name.padEnd(width)}  ${seconds.toFixed(1).padStart(6)} s`);
}
