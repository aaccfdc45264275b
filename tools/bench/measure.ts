import { openBench, type BenchOptions } from './bench.ts';
import type { BenchResult, Section } from './result.ts';
import { scenarios } from './scenarios/all.ts';

export interface MeasureOptions extends Omit<BenchOptions, 'say'> {
  readonly only: readonly string[];
  /** Told of each section as soon as it is measured. */
  readonly onSection?: (section: Section) => void;
}

/** Runs scenarios one after the other, with a line of progress on standard error for each round. */
export async function measure({ only, onSection, ...options }: MeasureOptions): Promise<BenchResult> {
  const startedAt = performance.now();
  const say = (line: string) => {
    console.error(`${Math.round((performance.now() - startedAt) / 1_000)} s  ${line}`);
  };
  const bench = await openBench({ ...options, say });
  const sections: Section[] = [];
  try {
    for (const { name, title, measures, run } of scenarios.filter(({ name }) => only.includes(name))) {
      const { figures, claims } = await run(bench);
      const section = { scenario: name, title, measures, taken: bench.taken(), figures, claims };
      onSection?.(section);
      sections.push(section);
    }
  } finally {
    await bench.close();
  }
  return { sections };
}
