import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { collectReports, reportTests } from '../../tools/release/insights.ts';
import { writeReport } from '../../tools/lib/insights.ts';

test('a failed scenario fails the report, and is an annotation with its reason', () => {
  const xml = `<testsuites name="jest tests" tests="3" failures="1" errors="0" time="2.5">
    <testsuite name="a" tests="3"><testcase classname="a" name="it is" time="1"></testcase>
    <testcase classname="a" name="it &lt;can&apos;t&gt; be" time="1"><failure>expected 1, got &lt;2&gt;</failure></testcase>
    <testcase classname="a" name="later" time="0"><skipped/></testcase></testsuite></testsuites>`;

  expect(reportTests(xml)).toEqual({
    id: 'tests',
    title: 'Tests',
    details: '1 passed, 1 failed, 1 skipped.',
    report_type: 'TEST',
    result: 'FAILED',
    data: [
      { title: 'Tests', type: 'NUMBER', value: 3 },
      { title: 'Failed', type: 'NUMBER', value: 1 },
      { title: 'Skipped', type: 'NUMBER', value: 1 },
      { title: 'Time', type: 'DURATION', value: 2500 },
    ],
    annotations: [
      {
        annotation_type: 'BUG',
        result: 'FAILED',
        severity: 'HIGH',
        summary: "it <can't> be",
        details: 'expected 1, got <2>',
      },
    ],
  });
});

test.each(['project', 'gates'])('the %s part of the tests has a report of its own', (part) => {
  const { id, title } = reportTests(`<testsuites name="${part}" tests="3" failures="0" errors="0" time="2">`);

  expect({ id, title }).toEqual({ id: `tests-${part}`, title: `Tests of the ${part}` });
});

test('a run without a test is no pass', () => {
  expect(reportTests('<testsuites tests="0" failures="0" errors="0" time="0">').result).toBe('FAILED');
});

test('only what was reported is collected', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'reports-'));
  const report = {
    id: 'drift-dev',
    title: 'Drift',
    details: '',
    report_type: 'BUG',
    result: 'PASSED',
  } as const;
  await writeReport(join(folder, 'drift-dev'), { ...report, data: [], annotations: [] });
  await mkdir(join(folder, 'verify'));

  const reports = await collectReports(folder);

  expect(reports).toEqual([{ ...report, data: [], annotations: [] }]);
  await rm(folder, { recursive: true });
});
