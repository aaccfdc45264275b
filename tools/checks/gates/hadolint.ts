import { NotChecked, checked, type Finding, type Gate, type Outcome, type Severity } from './gate.ts';
import { parseOutput, pythonTool, runTool, type Run } from './tools.ts';

interface Issue {
  readonly code: string;
  readonly level: 'error' | 'warning' | 'info' | 'style';
  readonly line: number;
  readonly message: string;
}

const severityOf: Readonly<Record<Issue['level'], Severity>> = {
  error: 'high',
  warning: 'medium',
  info: 'low',
  style: 'low',
};

/** A file that hadolint can't parse is one finding, DL1000; a file that isn't there is only said on stderr. */
export function readHadolint(run: Run): Outcome {
  const issues = parseOutput('hadolint', run) as readonly Issue[];
  if (issues.length === 0 && run.code !== 0) throw new NotChecked(`hadolint failed: ${run.stderr.trim()}`);
  const unparsed = issues.find(({ code }) => code === 'DL1000');
  if (unparsed !== undefined)
    throw new NotChecked(`hadolint can't parse the Dockerfile: ${unparsed.message}`);
  return checked('Dockerfile', issues.map(toFinding));
}

const toFinding = ({ code, level, line, message }: Issue): Finding => ({
  rule: code,
  severity: severityOf[level],
  resource: 'Dockerfile',
  file: 'Dockerfile',
  line,
  message,
});

export const hadolint: Gate = {
  id: 'hadolint',
  title: 'mistakes in the Dockerfile',
  run: async ({ root }) =>
    readHadolint(
      await runTool(
        await pythonTool('hadolint'),
        ['--format', 'json', '--disable-ignore-pragma', 'Dockerfile'],
        { cwd: root },
      ),
    ),
};
