import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NotChecked, checked, type Finding, type Gate } from './gate.ts';
import { listFiles } from './tools.ts';

/**
 * How each scanner would be silenced from inside a file, in words that don't match themselves. For the pinned versions: a test
 * asks the installed Checkov for its own list, and silences each scanner in every way that is named here.
 */
const silencer = new RegExp(
  [
    '(checkov|bridgecrew|cortex)[:]skip',
    '(trivy|tfsec)[:]ignore',
    'tflint[-]ignore',
    'hadolint\\s+(global\\s+)?ignore\\s*[=]',
    'gitleaks[:]allow',
  ].join('|'),
  'i',
);
/** Files that a scanner reads by itself, from the root of the project or from where it looks. */
const ignoreFile =
  /(^|\/)(\.trivyignore(\.ya?ml|\.rego)?|trivy(-secret)?\.ya?ml|\.gitleaksignore|\.?gitleaks\.toml|\.?hadolint\.ya?ml|\.checkov\.(ya?ml|baseline)|\.tflint\.(hcl|json)|\.tfsec\/.*)$/;

/** Findings are silenced in security/exceptions.yaml and nowhere else: there they have a reason, an owner and an end. */
export const suppressions: Gate = {
  id: 'suppressions',
  title: 'findings silenced outside of security/exceptions.yaml',
  run: async ({ root }) => {
    const files = (await listFiles(root)).filter((file) => !file.startsWith('.cache/'));
    if (files.length === 0) throw new NotChecked('there are no files');
    const findings: Finding[] = [];
    for (const file of files) {
      if (ignoreFile.test(file))
        findings.push(describe('ignore-file', file, 0, 'a scanner would take exceptions from this file'));
      if (/\.(png|jpg|gz|zip)$/.test(file)) continue;
      const lines = (await readFile(join(root, file), 'utf8')).split('\n');
      lines.forEach((line, index) => {
        const match = silencer.exec(line);
        if (match !== null)
          findings.push(describe('inline-suppression', file, index + 1, `"${match[0]}" silences a scanner`));
      });
    }
    return checked(`${files.length} files`, findings);
  },
};

const describe = (rule: string, file: string, line: number, message: string): Finding => ({
  rule,
  severity: 'high',
  resource: file,
  file,
  ...(line === 0 ? {} : { line }),
  message,
});
