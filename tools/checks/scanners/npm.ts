import { checked, NotChecked, type Gate, type Outcome, type Severity } from '../finding.ts';
import { parseOutput, runTool, type Run } from '../run-tool.ts';

interface AuditReport {
  readonly error?: { readonly summary?: string; readonly code?: string };
  readonly message?: string;
  readonly vulnerabilities?: Readonly<
    Record<
      string,
      {
        readonly name: string;
        readonly severity: string;
        readonly range: string;
        readonly via: readonly unknown[];
      }
    >
  >;
  readonly metadata?: { readonly dependencies?: { readonly total?: number } };
}

const severityOf = (npm: string): Severity =>
  npm === 'critical' || npm === 'high' || npm === 'low' ? npm : npm === 'moderate' ? 'medium' : 'unrated';

/** A registry without an advisory service answers with an error: that is no clean bill. */
export function readAudit(run: Run): Outcome {
  const report = parseOutput('npm audit', run) as AuditReport;
  const total = report.metadata?.dependencies?.total ?? 0;
  if (report.error !== undefined || report.vulnerabilities === undefined || total === 0) {
    const said = [report.message, report.error?.summary, report.error?.code].find(
      (text) => text !== undefined && text !== '',
    );
    throw new NotChecked(`the registry gave no advisories: ${said?.split('\n')[0] ?? 'no reason'}`);
  }
  return checked(
    `${total} packages`,
    Object.values(report.vulnerabilities).map(({ name, severity, range, via }) => ({
      rule: 'vulnerable-package',
      severity: severityOf(severity),
      resource: name,
      file: 'package-lock.json',
      message: `${name} ${range}: ${titles(via)}`,
    })),
  );
}

const titles = (via: readonly unknown[]): string =>
  via
    .map((cause) =>
      typeof cause === 'object' && cause !== null && 'title' in cause
        ? String(cause.title)
        : `by ${String(cause)}`,
    )
    .join('; ');

interface SignatureReport {
  readonly error?: unknown;
  readonly invalid?: readonly { readonly name: string; readonly version: string; readonly code?: string }[];
  readonly missing?: readonly { readonly name: string; readonly version: string }[];
}

export function readSignatures(run: Run): Outcome {
  const { error, invalid, missing } = parseOutput('npm audit signatures', run) as SignatureReport;
  if (error !== undefined || invalid === undefined || missing === undefined) {
    throw new NotChecked(
      `signatures were not verified: ${run.stderr.split('\n').find((line) => line.startsWith('npm error network request') || line.startsWith('npm error audit')) ?? 'no reason'}`,
    );
  }
  const finding = (rule: string, name: string, version: string) => ({
    rule,
    severity: 'high' as const,
    resource: name,
    file: 'package-lock.json',
    message: `${name} ${version}: ${rule.replace('-', ' ')}`,
  });
  return checked('installed packages', [
    ...invalid.map(({ name, version }) => finding('invalid-signature', name, version)),
    ...missing.map(({ name, version }) => finding('missing-signature', name, version)),
  ]);
}

const npm = (root: string, ...args: readonly string[]): Promise<Run> =>
  runTool('npm', [...args, '--fetch-retries=0'], { cwd: root });

export const npmAudit: Gate = {
  id: 'npm-audit',
  title: 'packages with known vulnerabilities',
  run: async ({ root }) => readAudit(await npm(root, 'audit', '--json')),
};

export const npmSignatures: Gate = {
  id: 'npm-signatures',
  title: 'packages that are not what the registry signed',
  run: async ({ root }) => readSignatures(await npm(root, 'audit', 'signatures', '--json')),
};
