import { expect, test } from '@jest/globals';
import { toInsights } from '../../../tools/checks/gates/reports.ts';
import type { GateVerdict, JudgedFinding, Verdict } from '../../../tools/checks/gates/verdict.ts';

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
const verdict = (...gates: readonly GateVerdict[]): Verdict => ({ commit: 'c', finishedAt: 'now', gates });

test('a finding that blocks fails the report and comes first, at its line', () => {
  const advice: JudgedFinding = {
    ...finding,
    rule: 'A',
    fate: 'advice',
    severity: 'unrated',
    file: 'plan:dev',
  };

  const report = toInsights(
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
  expect(toInsights(verdict(gate({ verdict: 'not checked' }))).result).toBe('FAILED');
});
