import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A report as Bitbucket takes it: PUT …/commit/{commit}/reports/{id}. */
export interface Report {
  readonly id: string;
  readonly title: string;
  readonly details: string;
  readonly report_type: 'SECURITY' | 'COVERAGE' | 'TEST' | 'BUG';
  readonly result: 'PASSED' | 'FAILED';
  readonly data: readonly Datum[];
  readonly annotations: readonly Annotation[];
}

export interface Datum {
  readonly title: string;
  readonly type: 'NUMBER' | 'TEXT' | 'BOOLEAN' | 'DURATION' | 'PERCENTAGE';
  readonly value: number | string | boolean;
}

export interface Annotation {
  readonly annotation_type: 'VULNERABILITY' | 'CODE_SMELL' | 'BUG';
  readonly result: 'PASSED' | 'FAILED' | 'SKIPPED';
  readonly severity: 'CRITICAL' | 'HIGH' | 'MEDIUM' | 'LOW';
  readonly summary: string;
  readonly details?: string;
  readonly path?: string;
  readonly line?: number;
}

/** Leaves a report for `npm run insights`. */
export async function writeReport(folder: string, report: Report): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'report.json'), `${JSON.stringify(report, null, 1)}\n`);
}
