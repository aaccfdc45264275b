import type { Annotation, Report } from '../../lib/insights.ts';
import type { JudgedFinding, Verdict } from '../verdict.ts';

/** What blocks comes first: a report holds a thousand annotations at most. */
export function toInsights({ gates }: Verdict): Report {
  const of = (verdict: string): number => gates.filter((gate) => gate.verdict === verdict).length;
  const findings = gates
    .flatMap((gate) => gate.findings.map((finding) => ({ gate: gate.id, finding })))
    .sort((one, other) => rank(one.finding) - rank(other.finding));
  return {
    id: 'security',
    title: 'Security gates',
    details: gates.map(({ title, verdict, note }) => `${title}: ${verdict} (${note})`).join('\n'),
    report_type: 'SECURITY',
    result: of('blocked') === 0 && of('passed') > 0 ? 'PASSED' : 'FAILED',
    data: [
      { title: 'Passed', type: 'NUMBER', value: of('passed') },
      { title: 'Blocked', type: 'NUMBER', value: of('blocked') },
      { title: 'Not checked', type: 'NUMBER', value: of('not checked') },
      { title: 'Findings that block', type: 'NUMBER', value: findings.filter(isBlocking).length },
    ],
    annotations: findings.map(({ gate, finding }): Annotation => ({
      annotation_type: 'VULNERABILITY',
      result: finding.fate === 'blocks' ? 'FAILED' : finding.fate === 'excepted' ? 'SKIPPED' : 'PASSED',
      severity: severities[finding.severity],
      summary: `${finding.rule}: ${finding.message}`,
      details: `${gate}: ${finding.resource}`,
      // `plan:dev` is no file of the repository, and Bitbucket shows annotations only on files that it has.
      ...(finding.file.includes(':') ? {} : { path: finding.file }),
      ...(finding.line === undefined || finding.file.includes(':') ? {} : { line: finding.line }),
    })),
  };
}

const isBlocking = ({ finding }: { readonly finding: JudgedFinding }): boolean => finding.fate === 'blocks';
const rank = ({ fate }: JudgedFinding): number => ['blocks', 'advice', 'excepted'].indexOf(fate);
const severities = {
  critical: 'CRITICAL',
  high: 'HIGH',
  medium: 'MEDIUM',
  low: 'LOW',
  unrated: 'LOW',
} as const;
