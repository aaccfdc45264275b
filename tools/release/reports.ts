import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import parts from '../lib/test-parts.json' with { type: 'json' };
import { isMissing } from '../../app/src/commands/problem.ts';
import type { Annotation, Report } from '../lib/insights.ts';

/** The reports that earlier targets left in `folder`: tests or a part of them, security. Those of targets that didn't run are absent. */
export async function collectReports(folder: string): Promise<readonly Report[]> {
  const reports = await Promise.all([
    read(join(folder, 'tests', 'junit.xml'), reportTests),
    ...(await foldersOf(folder)).map((name) =>
      read(join(folder, name, 'report.json'), (text) => JSON.parse(text) as Report),
    ),
  ]);
  return reports.filter((report) => report !== undefined);
}

/** Those that `writeReport` made; others have no report.json. */
const foldersOf = (folder: string): Promise<readonly string[]> =>
  readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });

async function read(file: string, toReport: (text: string) => Report): Promise<Report | undefined> {
  try {
    return toReport(await readFile(file, 'utf8'));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * jest-junit's XML: counts are attributes of the root, a failed scenario holds a `failure`. Each part of the tests has a report
 * of its own (`make test PART=…` names it), for a second one with the same id replaces the first.
 */
export function reportTests(xml: string): Report {
  const root = /<testsuites\b[^>]*>/.exec(xml)?.[0] ?? '';
  const count = (name: string): number => Number(attribute(root, name) ?? 0);
  const name = attribute(root, 'name') ?? '';
  const part = Object.keys(parts).find((one) => one === name);
  const failed = count('failures') + count('errors');
  const cases = [...xml.matchAll(/<testcase\b([^>]*[^/])>([\s\S]*?)<\/testcase>/g)];
  const skipped = [...xml.matchAll(/<skipped\b/g)].length;
  return {
    id: part === undefined ? 'tests' : `tests-${part}`,
    title: part === undefined ? 'Tests' : `Tests of the ${part}`,
    details: `${count('tests') - failed - skipped} passed, ${failed} failed, ${skipped} skipped.`,
    report_type: 'TEST',
    // A run without a single test proves nothing.
    result: failed === 0 && count('tests') > 0 ? 'PASSED' : 'FAILED',
    data: [
      { title: 'Tests', type: 'NUMBER', value: count('tests') },
      { title: 'Failed', type: 'NUMBER', value: failed },
      { title: 'Skipped', type: 'NUMBER', value: skipped },
      { title: 'Time', type: 'DURATION', value: Math.round(count('time') * 1000) },
    ],
    annotations: cases
      .filter(([, , inner = '']) => inner.includes('<failure') || inner.includes('<error'))
      .map(([, attributes = '', inner = '']): Annotation => ({
        annotation_type: 'BUG',
        result: 'FAILED',
        severity: 'HIGH',
        summary: unescapeXml(attribute(attributes, 'name') ?? 'a scenario without a name'),
        details: unescapeXml(inner.replace(/<[^>]+>/g, '').trim()),
      })),
  };
}

const attribute = (tag: string, name: string): string | undefined =>
  new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1];

const unescapeXml = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&');
