import type { Paint } from '../../../app/src/commands/terminal.ts';
import type { Annotation, Report } from '../../lib/insights.ts';
import { markdownTable } from '../../lib/markdown.ts';
import type { GateVerdict, JudgedFinding, Verdict } from './verdict.ts';

const words = { passed: 'passed', blocked: 'BLOCKED', 'not checked': 'NOT CHECKED' } as const;
const count = ({ findings }: GateVerdict, fate: string): number =>
  findings.filter((finding) => finding.fate === fate).length;
const countGates = ({ gates }: Verdict, verdict: string): number =>
  gates.filter((gate) => gate.verdict === verdict).length;

/** `passed        gitleaks-tree     412 files · 2 excepted` and each blocking finding below. */
export function describeGate(gate: GateVerdict, paint: Paint): string {
  const colour = gate.verdict === 'passed' ? paint.green : gate.verdict === 'blocked' ? paint.red : paint.dim;
  const counts = (['blocks', 'advice', 'excepted'] as const)
    .map((fate) => [count(gate, fate), fate] as const)
    .filter(([number]) => number > 0)
    .map(([number, fate]) => ` · ${number} ${fate === 'blocks' ? 'blocking' : fate}`);
  const head = `${colour(words[gate.verdict].padEnd(11))}  ${gate.id.padEnd(26)} ${gate.seconds.toFixed(1).padStart(5)} s  ${gate.note}${counts.join('')}`;
  const lines = gate.findings
    .filter(({ fate }) => fate === 'blocks')
    .map(({ rule, severity, file, line, resource, message }) => {
      const place = line === undefined ? file : `${file}:${line}`;
      const where = resource === file ? place : `${place} ${resource}`;
      return `             ${paint.red(rule)} (${severity}) ${where}\n               ${message}`;
    });
  return [head, ...lines].join('\n');
}

export const describeSum = (verdict: Verdict): string =>
  `${countGates(verdict, 'passed')} gates passed, ${countGates(verdict, 'blocked')} blocked, ${countGates(verdict, 'not checked')} not checked`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  rows.length === 0
    ? 'None.'
    : markdownTable(
        head.map((title) => `${title} `),
        rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' '))),
      );

/** For the pull request and for the auditor: every gate, every finding, every exception with its reason. */
export function toMarkdown(verdict: Verdict): string {
  const findings = verdict.gates.flatMap((gate) =>
    gate.findings.map((finding) => ({ gate: gate.id, ...finding })),
  );
  return [
    '# Security gates',
    `Commit ${verdict.commit}, ${verdict.finishedAt}: ${describeSum(verdict)}.`,
    table(
      ['gate', 'keeps out', 'verdict', 'looked at, or why not', 'blocking', 'advice', 'excepted'],
      verdict.gates.map((gate) => [
        gate.id,
        gate.title,
        gate.verdict === 'passed' ? gate.verdict : `**${gate.verdict}**`,
        gate.note,
        ...['blocks', 'advice', 'excepted'].map((fate) => String(count(gate, fate))),
      ]),
    ),
    '## Findings',
    table(
      ['gate', 'rule', 'severity', 'where', 'what', 'fate'],
      findings
        .filter(({ fate }) => fate !== 'excepted')
        .map(({ gate, rule, severity, file, resource, message, fate }) => [
          gate,
          rule,
          severity,
          resource === file ? file : `${file} ${resource}`,
          message,
          fate,
        ]),
    ),
    '## Excepted, by security/exceptions.yaml',
    table(
      ['gate', 'rule', 'where', 'reason', 'protected instead by', 'owner', 'until'],
      findings.flatMap(({ gate, rule, file, resource, exception }) =>
        exception === undefined
          ? []
          : [
              [
                gate,
                rule,
                `${file} ${resource}`,
                exception.reason,
                exception.control,
                exception.owner,
                exception.expires,
              ],
            ],
      ),
    ),
    '',
  ].join('\n\n');
}

/** The names that Bitbucket takes are the same, in capitals. */
const levelOf = ({ severity }: JudgedFinding): Annotation['severity'] =>
  severity === 'unrated' ? 'LOW' : (severity.toUpperCase() as Uppercase<typeof severity>);
const rank = ({ fate }: JudgedFinding): number => ['blocks', 'advice', 'excepted'].indexOf(fate);

/** For Bitbucket's Code Insights. What blocks comes first: a report holds a thousand annotations at most. */
export function toInsights(verdict: Verdict): Report {
  const findings = verdict.gates
    .flatMap((gate) => gate.findings.map((finding) => ({ gate: gate.id, finding })))
    .sort((one, other) => rank(one.finding) - rank(other.finding));
  const [passed, blocked, notChecked] = ['passed', 'blocked', 'not checked'].map((word) =>
    countGates(verdict, word),
  );
  return {
    id: 'security',
    title: 'Security gates',
    details: verdict.gates.map(({ title, verdict: word, note }) => `${title}: ${word} (${note})`).join('\n'),
    report_type: 'SECURITY',
    result: blocked === 0 && passed !== 0 ? 'PASSED' : 'FAILED',
    data: [
      { title: 'Passed', type: 'NUMBER', value: passed ?? 0 },
      { title: 'Blocked', type: 'NUMBER', value: blocked ?? 0 },
      { title: 'Not checked', type: 'NUMBER', value: notChecked ?? 0 },
      {
        title: 'Findings that block',
        type: 'NUMBER',
        value: findings.filter(({ finding }) => finding.fate === 'blocks').length,
      },
    ],
    annotations: findings.map(({ gate, finding }): Annotation => {
      // `plan:dev` is no file of the repository, and Bitbucket shows annotations only on files that it has.
      const isFile = !finding.file.includes(':');
      return {
        annotation_type: 'VULNERABILITY',
        result: finding.fate === 'blocks' ? 'FAILED' : finding.fate === 'excepted' ? 'SKIPPED' : 'PASSED',
        severity: levelOf(finding),
        summary: `${finding.rule}: ${finding.message}`,
        details: `${gate}: ${finding.resource}`,
        ...(isFile && { path: finding.file }),
        ...(isFile && finding.line !== undefined && { line: finding.line }),
      };
    }),
  };
}
