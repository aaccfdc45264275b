import type { Progress } from '../../lib/progress.ts';

/** Where the time went: each step, then the resources that took longest. */
export function describeTimings(progress: Progress, slowest = 6): string {
  const steps = progress.timings().map(({ step, seconds }): [string, number] => [step, seconds]);
  const total = steps.reduce((sum, [, seconds]) => sum + seconds, 0);
  const resources = progress
    .slowest(slowest)
    .map(({ address, action, seconds }): [string, number] => [`${action} ${address}`, seconds]);
  return [
    '',
    ...table([...steps, ['together', total]]),
    '',
    'Longest of all, side by side (what the fixed waits are for: docs/emulator.md):',
    ...table(resources),
  ].join('\n');
}

function table(rows: readonly (readonly [string, number])[]): readonly string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, seconds]) => `  ${name.padEnd(width)}  ${seconds.toFixed(1).padStart(6)} s`);
}
