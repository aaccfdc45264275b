import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { drawChart } from './chart.ts';
import { judge, seconds, type DrillResult } from './drill.ts';
import type { Figures } from './figures.ts';

/** Writes chart and figures of a drill, and prints them. */
export async function reportDrill(
  folder: string,
  result: DrillResult,
  say: (line: string) => void,
): Promise<void> {
  const { drill, outcomes, marks } = result;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${drill.id}.svg`), drawChart(drill.title, outcomes, marks));
  await writeFile(
    join(folder, `${drill.id}.md`),
    `${describeDrill(result)}\n\n![requests and p99](${drill.id}.svg)\n`,
  );
  say(`\n${describeDrill(result)}\n`);
}

const ms = (value: number): string => `${value.toFixed(0)} ms`;

export function describeDrill(result: DrillResult): string {
  const { drill, before, during, after, recoveredAfterMs, facts, budget } = result;
  const missed = judge(result);
  const row = (name: string, { requests, failed, p50, p99, longest }: Figures): string =>
    `| ${name.padEnd(6)} | ${String(requests).padStart(8)} | ${String(failed).padStart(6)} | ${ms(p50).padStart(8)} | ${ms(p99).padStart(8)} | ${ms(longest).padStart(8)} |`;
  return [
    `### ${drill.title}: ${missed.length === 0 ? 'passed' : 'FAILED'}`,
    '',
    '|        | requests | failed |      p50 |      p99 |  longest |',
    '| ------ | -------: | -----: | -------: | -------: | -------: |',
    row('before', before),
    row('during', during),
    row('after', after),
    '',
    `Recovered after ${seconds(recoveredAfterMs)}, ${seconds(budget.recoveredWithinMs)} are allowed. ` +
      Object.entries(facts)
        .map(([name, value]) => `${name}: ${value}`)
        .join(' · '),
    ...Object.entries(during.failures).map(([name, count]) => `- ${count} × ${name}`),
    ...missed.map((reason) => `- **${reason}**`),
  ].join('\n');
}
