import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { replaceBlock } from '../lib/block.ts';
import { scenarioNames } from './options.ts';
import { drawBench } from './report/chart.ts';
import { claimsTable, takenTable } from './report/markdown.ts';
import { merge, type BenchResult } from './result.ts';

const project = join(import.meta.dirname, '../..');
const recordedFile = join(import.meta.dirname, 'recorded.json');
export const docs = {
  page: join(project, 'docs/performance.md'),
  chart: join(project, 'docs/images/bench.svg'),
};

/** The result that the docs show; nothing but the tables and the chart below is derived from it. */
export function recorded(): BenchResult {
  if (!existsSync(recordedFile)) return { sections: [] };
  return JSON.parse(readFileSync(recordedFile, 'utf8')) as BenchResult;
}

/** Keeps what was measured in place of what was measured before, scenario by scenario. */
export function record(result: BenchResult): void {
  write(recordedFile, `${JSON.stringify(merge(recorded(), result, scenarioNames), null, 1)}\n`);
}

/** What a page of the docs holds, and its picture, by the recorded result. */
export function published(page: string): { page: string; chart: string } {
  const result = recorded();
  return {
    page: replaceBlock(
      replaceBlock(page, 'ratios', claimsTable(result)),
      'measured with',
      takenTable(result),
    ),
    chart: drawBench(result),
  };
}

export function publish(): void {
  const { page, chart } = published(readFileSync(docs.page, 'utf8'));
  write(docs.page, page);
  write(docs.chart, chart);
}

/** What a run leaves for whoever looks at it later. */
export function report(result: BenchResult): void {
  const folder = join(project, 'reports/bench');
  write(join(folder, 'result.json'), `${JSON.stringify(result, null, 1)}\n`);
  write(join(folder, 'bench.svg'), drawBench(result));
}

function write(file: string, content: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}
