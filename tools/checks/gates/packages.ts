import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NotChecked, checked, type Finding, type Gate, type Outcome, type Severity } from './gate.ts';
import { readPolicy } from './policy.ts';
import { listFiles, parseOutput, runTool, type Run } from './tools.ts';

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

interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly integrity?: string;
  readonly resolved?: string;
  /** A workspace: the folder is ours. */
  readonly link?: boolean;
  readonly inBundle?: boolean;
}

/** What npm installs by a lock file, by path: neither this project nor a workspace of it. */
function lockedPackages(text: string): [path: string, about: LockedPackage][] {
  const { packages = {} } = JSON.parse(text) as { packages?: Record<string, LockedPackage> };
  return Object.entries(packages).filter(
    ([path, { link }]) => path.includes('node_modules/') && link !== true,
  );
}

const nameOf = (path: string): string =>
  path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** Whether an SPDX expression can be met with allowed licences: one side of each OR, both of each AND. */
export function isAllowed(expression: string, allowed: ReadonlySet<string>): boolean {
  const bare = expression.trim().replace(/^\((.*)\)$/, '$1');
  const alternatives = bare.split(/\s+OR\s+/);
  if (alternatives.length > 1) return alternatives.some((part) => isAllowed(part, allowed));
  return bare.split(/\s+AND\s+/).every((part) => allowed.has(part.replace(/[()]/g, '').trim()));
}

/** What an installed package says where the lock file says nothing: old ones have a list. */
async function readManifestLicence(folder: string): Promise<string | undefined> {
  try {
    const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
      license?: string | { type?: string };
      licenses?: readonly { type?: string }[];
    };
    const { license } = manifest;
    if (typeof license === 'string') return license;
    return license?.type ?? manifest.licenses?.map(({ type }) => type ?? 'none').join(' OR ');
  } catch {
    return undefined;
  }
}

/** Every package of the lock file; one that states no licence counts as forbidden. */
export const licences: Gate = {
  id: 'licences',
  title: 'packages under licences that are not allowed',
  run: async ({ root }) => {
    const { licences: rules } = await readPolicy(root);
    const allowed = { shipped: new Set(rules.shipped), tools: new Set([...rules.shipped, ...rules.tools]) };
    const packages = lockedPackages(await readFile(join(root, 'package-lock.json'), 'utf8'));
    if (packages.length === 0) throw new NotChecked('package-lock.json lists no packages');
    const optional = new Set(
      packages.filter(([, { optional: isOptional }]) => isOptional === true).map(([path]) => path),
    );
    const stated = await Promise.all(
      packages.map(async ([path, { version, license, dev }]) => ({
        path,
        version,
        dev,
        license: license ?? (await readManifestLicence(join(root, path))),
      })),
    );
    // A binary of another platform that npm doesn't install here states nothing: its main package speaks for it.
    const findings = stated
      .filter(
        ({ path, license }) => license !== undefined || existsSync(join(root, path)) || !optional.has(path),
      )
      .filter(
        ({ license, dev }) => !isAllowed(license ?? 'none', dev === true ? allowed.tools : allowed.shipped),
      )
      .map(({ path, version, license, dev }): Finding => {
        const name = nameOf(path);
        return {
          rule: dev === true ? 'licence-of-tool' : 'licence-of-shipped-package',
          severity: 'high',
          resource: name,
          file: 'package-lock.json',
          message: `${name} ${version ?? ''} is under ${license ?? 'no licence that it states'}`,
        };
      });
    return checked(`${packages.length} packages`, findings);
  },
};

/** npm checks a package against its hash, and installs one without a hash unchecked and without a word. */
export const lockIntegrity: Gate = {
  id: 'lock-integrity',
  title: 'npm packages that could change without being noticed',
  run: async ({ root }) => {
    const files = (await listFiles(root)).filter((file) => /(^|\/)package-lock\.json$/.test(file));
    if (files.length === 0) throw new NotChecked('there is no package-lock.json');
    const judged = await Promise.all(
      files.map(async (file) => judgeLock(await readFile(join(root, file), 'utf8'), file)),
    );
    const count = judged.reduce((sum, { packages }) => sum + packages, 0);
    if (count === 0) throw new NotChecked(`${files.join(', ')} list no packages`);
    return checked(
      `${count} packages of ${files.length} lock files`,
      judged.flatMap(({ findings }) => findings),
    );
  },
};

function judgeLock(text: string, file: string): { packages: number; findings: readonly Finding[] } {
  const fetched = lockedPackages(text).filter(([, { inBundle }]) => inBundle !== true);
  const findings = fetched.flatMap(([path, { version = '', integrity = '', resolved }]) => {
    const name = nameOf(path);
    const about = (rule: string, message: string): Finding => ({
      rule,
      severity: 'high',
      resource: name,
      file,
      message: `${name} ${version} ${message}`,
    });
    return [
      ...(integrity.startsWith('sha512-') ? [] : [about('no-integrity', 'has no SHA-512 of its content')]),
      // The lock file names no registry (.npmrc): what does is taken from elsewhere.
      ...(resolved === undefined ? [] : [about('foreign-source', `comes from ${resolved}`)]),
    ];
  });
  return { packages: fetched.length, findings };
}
