import type { GateVerdict } from '../verdict.ts';
import type { Files } from './compiled.ts';

/**
 * gitleaks' fingerprints (`--gitleaks-ignore-path`): one leak each, so they are made of what a run excepted. An allow-list
 * by rule would let a vaguer rule find the same string. The tree's hold for `gitleaks dir .` at the root of the project.
 */
export const gitleaksFingerprints = (verdicts: readonly GateVerdict[]): Files =>
  Object.fromEntries(
    ['gitleaks-tree', 'gitleaks-history'].map((gate) => {
      const excepted = verdicts
        .filter(({ id }) => id === gate)
        .flatMap(({ findings }) => findings.filter(({ fate }) => fate === 'excepted'));
      const lines = excepted.map(({ rule, resource, line }) => {
        const [file, commit] = resource.split('@');
        return [...(commit === undefined ? [] : [commit]), file, rule, line].join(':');
      });
      return [`${gate}.gitleaksignore`, `${[...new Set(lines)].join('\n')}\n`];
    }),
  );
