import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { collectReports, reportSecurity, reportTests } from '../../../tools/release/reports.ts';
import type { GateVerdict, JudgedFinding } from '../../../tools/checks/verdict.ts';

const finding: JudgedFinding = {
  rule: 'DL3008',
  severity: 'high',
  resource: 'Dockerfile',
  file: 'Dockerfile',
  line: 3,
  message: 'pin versions',
  fate: 'blocks',
};
const gate = (changes: Partial<GateVerdict>): GateVerdict => ({
  id: 'hadolint',
  title: 'mistakes in the Dockerfile',
  verdict: 'passed',
  note: 'Dockerfile',
  seconds: 1,
  findings: [],
  ...changes,
});
const verdict = (...gates: readonly GateVerdict[]): string =>
  JSON.stringify({ commit: 'c', finishedAt: 'now', gates });

test('a finding that blocks fails the report and comes first, at its line', () => {
  const advice: JudgedFinding = {
    ...finding,
    rule: 'A',
    fate: 'advice',
    severity: 'unrated',
    file: 'plan:dev',
  };

  const report = reportSecurity(
    verdict(gate({ verdict: 'blocked', findings: [advice, finding] }), gate({ title: 'secrets' })),
  );

  expect(report).toEqual({
    id: 'security',
    title: 'Security gates',
    details: 'mistakes in the Dockerfile: blocked (Dockerfile)\nsecrets: passed (Dockerfile)',
    report_type: 'SECURITY',
    result: 'FAILED',
    data: [
      { title: 'Passed', type: 'NUMBER', value: 1 },
      { title: 'Blocked', type: 'NUMBER', value: 1 },
      { title: 'Not checked', type: 'NUMBER', value: 0 },
      { title: 'Findings that block', type: 'NUMBER', value: 1 },
    ],
    annotations: [
      {
        annotation_type: 'VULNERABILITY',
        result: 'FAILED',
        severity: 'HIGH',
        summary: 'DL3008: pin versions',
        details: 'hadolint: Dockerfile',
        path: 'Dockerfile',
        line: 3,
      },
      {
        annotation_type: 'VULNERABILITY',
        result: 'PASSED',
        severity: 'LOW',
        summary: 'A: pin versions',
        details: 'hadolint: Dockerfile',
      },
    ],
  });
});

test('gates that could not look are no pass', () => {
  expect(reportSecurity(verdict(gate({ verdict: 'not checked' }))).result).toBe('FAILED');
});

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

test.each(['service', 'platform'])('the %s part of the tests has a report of its own', (part) => {
  const { id, title } = reportTests(`<testsuites name="${part}" tests="3" failures="0" errors="0" time="2">`);

  expect({ id, title }).toEqual({ id: `tests-${part}`, title: `Tests of the ${part}` });
});

test('a run without a test is no pass', () => {
  expect(reportTests('<testsuites tests="0" failures="0" errors="0" time="0">').result).toBe('FAILED');
});

test('only what was reported is collected', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'reports-'));
  await mkdir(join(folder, 'security'));
  await writeFile(join(folder, 'security', 'report.json'), verdict(gate({})));

  const reports = await collectReports(folder);

  expect(reports.map(({ id, result }) => [id, result])).toEqual([['security', 'PASSED']]);
  await rm(folder, { recursive: true });
});
