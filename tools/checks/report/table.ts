import type { Paint } from '../../../app/src/commands/terminal.ts';
import type { GateVerdict, Verdict } from '../verdict.ts';

const words = { passed: 'passed', blocked: 'BLOCKED', 'not checked': 'NOT CHECKED' } as const;

const count = ({ findings }: GateVerdict, fate: string): number =>
  findings.filter((finding) => finding.fate === fate).length;

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

export function describeSum({ gates }: Verdict): string {
  const number = (verdict: string): number => gates.filter((gate) => gate.verdict === verdict).length;
  return `${number('passed')} gates passed, ${number('blocked')} blocked, ${number('not checked')} not checked`;
}
