import type { GateVerdict, JudgedFinding } from '../verdict.ts';
import type { Files } from './compiled.ts';

/**
 * Checkov's baseline (`--baseline`) names resources in full, so it is made of what a run excepted; `--skip-check` would
 * silence a rule everywhere. It knows no file, only resource and rule: each environment's plan gets a baseline of its own.
 */
export function checkovBaselines(gates: readonly GateVerdict[]): Files {
  const excepted = gates
    .filter(({ id }) => id.startsWith('checkov-'))
    .flatMap(({ id, findings }) =>
      findings
        .filter(({ fate }) => fate === 'excepted')
        .map((finding) => ({ name: baselineName(id, finding.file), finding })),
    );
  const names = [...new Set(excepted.map(({ name }) => name))];
  return Object.fromEntries(
    names.map((name) => [
      name,
      baseline(excepted.filter((one) => one.name === name).map(({ finding }) => finding)),
    ]),
  );
}

/** `checkov-hcl.baseline.json`, `checkov-plan-dev.baseline.json` */
const baselineName = (gate: string, file: string): string =>
  `${gate}${file.startsWith('plan:') ? file.replace('plan:', '-') : ''}.baseline.json`;

const baseline = (findings: readonly JudgedFinding[]): string => {
  const entries = findings.map(({ file, resource, rule }) => ({
    file: `/${file}`,
    findings: [{ resource, check_ids: [rule] }],
  }));
  return `${JSON.stringify({ failed_checks: entries }, null, 1)}\n`;
};
