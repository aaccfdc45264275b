import type { GateVerdict, Verdict } from '../verdict.ts';
import { describeSum } from './table.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const row = (...cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;

const gateRow = ({ id, title, verdict, note, findings }: GateVerdict): string => {
  const number = (fate: string): string => String(findings.filter((finding) => finding.fate === fate).length);
  const bold = verdict === 'passed' ? verdict : `**${verdict}**`;
  return row(id, title, bold, note, number('blocks'), number('advice'), number('excepted'));
};

/** For the pull request and for the auditor: every gate, every finding, every exception with its reason. */
export function toMarkdown(verdict: Verdict, gateProof: string): string {
  const findings = verdict.gates.flatMap((gate) =>
    gate.findings.map((finding) => ({ gate: gate.id, ...finding })),
  );
  const table = (fates: readonly string[]): readonly string[] => {
    const rows = findings
      .filter(({ fate }) => fates.includes(fate))
      .map(({ gate, rule, severity, file, resource, message, fate }) =>
        row(gate, rule, severity, `${file} ${resource === file ? '' : resource}`, message, fate),
      );
    return rows.length === 0
      ? ['None.']
      : [
          row('gate', 'rule', 'severity', 'where', 'what', 'fate'),
          row(...Array<string>(6).fill('---')),
          ...rows,
        ];
  };
  const excepted = findings.flatMap(({ gate, rule, file, resource, exception }) =>
    exception === undefined
      ? []
      : [
          row(
            gate,
            rule,
            `${file} ${resource}`,
            exception.reason,
            exception.control,
            exception.owner,
            exception.expires,
          ),
        ],
  );
  return [
    '# Security gates',
    '',
    `Commit ${verdict.commit}, ${verdict.finishedAt}: ${describeSum(verdict)}.`,
    '',
    row('gate', 'keeps out', 'verdict', 'looked at, or why not', 'blocking', 'advice', 'excepted'),
    row(...Array<string>(7).fill('---')),
    ...verdict.gates.map(gateRow),
    '',
    '## Findings',
    '',
    ...table(['blocks', 'advice']),
    '',
    '## Excepted, by security/exceptions.yaml',
    '',
    ...(excepted.length === 0
      ? ['None.']
      : [
          row('gate', 'rule', 'where', 'reason', 'protected instead by', 'owner', 'until'),
          row(...Array<string>(7).fill('---')),
          ...excepted,
        ]),
    '',
    gateProof,
  ].join('\n');
}
