import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createPaint } from '../../../app/src/commands/terminal.ts';
import { describeFile, readLock, verifyRoot } from '../../lib/module-lock.ts';
import { formatRelease } from '../../lib/module-releases.ts';
import { NotChecked, checked, type Finding, type Gate } from './gate.ts';
import { readPolicy } from './policy.ts';
import { goTool, parseOutput, runTool, type Run } from './tools.ts';

interface Report {
  readonly issues: readonly {
    readonly rule: { readonly name: string; readonly severity: 'error' | 'warning' | 'info' };
    readonly message: string;
    readonly range: { readonly filename: string; readonly start: { readonly line: number } };
  }[];
  readonly errors: readonly { readonly message: string; readonly summary?: string }[];
}

/** Exit 2 means issues, 1 means that it could not look; the JSON then lists `errors`. */
export function readTflint(run: Run, directory: string): readonly Finding[] {
  const report = parseOutput('tflint', run) as Report;
  const [error] = report.errors;
  if (error !== undefined || run.code === 1) {
    throw new NotChecked(
      `tflint can't read ${directory}: ${error?.summary ?? error?.message ?? run.stderr.trim()}`,
    );
  }
  return report.issues.map(({ rule, message, range }) => ({
    rule: rule.name,
    severity: rule.severity === 'error' ? 'high' : rule.severity === 'warning' ? 'medium' : 'low',
    resource: directory,
    file: join(directory, range.filename),
    line: range.start.line,
    message,
  }));
}

export const tflint: Gate = {
  id: 'tflint',
  title: 'mistakes in the Terraform code',
  run: async ({ root }) => {
    const tool = goTool('tflint');
    const directories = await terraformDirectories(root);
    // A directory without Terraform code is clean to tflint.
    if (directories.length === 0) throw new NotChecked('there is no Terraform code');
    const config = join(root, 'security', 'tflint.hcl');
    if (!existsSync(config))
      throw new NotChecked('security/tflint.hcl is missing: tflint would apply few rules');
    const findings: Finding[] = [];
    for (const directory of directories) {
      const args = ['--format', 'json', `--config=${config}`, `--chdir=${directory}`];
      findings.push(...readTflint(await runTool(tool, args, { cwd: root }), directory));
    }
    return checked(`${directories.length} directories`, findings);
  },
};

/** Each directory with a terraform.tf is a root or a module. */
export async function terraformDirectories(root: string): Promise<readonly string[]> {
  const files = await Promise.all(
    ['terraform', 'modules'].map(async (folder) =>
      (await readdir(join(root, folder), { recursive: true }).catch((): string[] => [])).map((file) =>
        join(folder, file),
      ),
    ),
  );
  return files
    .flat()
    .filter((file) => file.endsWith('/terraform.tf') && !file.includes('.terraform/'))
    .map((file) => dirname(file))
    .sort();
}

/** Linux on x64 and ARM, macOS: an `h1:` sum each, the only one that an unpacked provider of a mirror is compared with. */
const platforms = 3;

interface LockedProvider {
  readonly source: string;
  readonly version: string;
  readonly hashes: readonly string[];
}

/** The blocks of a `.terraform.lock.hcl`, which Terraform always writes in this one form. */
export function readProviderLock(text: string): readonly LockedProvider[] {
  return [...text.matchAll(/^provider "([^"]+)" \{\n([\s\S]*?)^\}/gm)].map(([, source = '', body = '']) => ({
    source,
    version: /^\s*version\s*=\s*"([^"]+)"/m.exec(body)?.[1] ?? '',
    hashes: [...body.matchAll(/"((?:zh|h1):[^"]+)"/g)].map(([, hash = '']) => hash),
  }));
}

/**
 * Terraform compares a provider with its lock file, and adds what is missing without a word. So the lock file of each root
 * must be there, hold exactly the allowed providers and versions, and every platform's checksum, as security/policy.yaml says.
 */
export const providers: Gate = {
  id: 'providers',
  title: 'providers that nobody reviewed',
  run: async ({ root }) => {
    const { providers: rules } = await readPolicy(root);
    const roots = (await terraformDirectories(root)).filter((directory) => directory.startsWith('terraform'));
    if (roots.length === 0) throw new NotChecked('there is no Terraform root');
    const findings: Finding[] = [];
    let count = 0;
    for (const directory of roots) {
      const file = join(directory, '.terraform.lock.hcl');
      const finding = (rule: string, resource: string, message: string): Finding => ({
        rule,
        severity: 'high',
        resource,
        file,
        message,
      });
      if (!existsSync(join(root, file))) {
        findings.push(finding('no-provider-lock', directory, `${directory} has no lock file`));
        continue;
      }
      const locked = readProviderLock(await readFile(join(root, file), 'utf8'));
      if (locked.length === 0)
        findings.push(finding('no-provider-lock', directory, `${file} locks no provider`));
      for (const { source, version, hashes } of locked) {
        count += 1;
        const rule = rules.find((candidate) => candidate.source === source);
        if (rule?.version !== version) {
          findings.push(
            finding(
              'unreviewed-provider',
              source,
              `${source} ${version} is not an allowed provider and version`,
            ),
          );
          continue;
        }
        const unpacked = hashes.filter((hash) => hash.startsWith('h1:')).length;
        if (unpacked < platforms)
          findings.push(
            finding(
              'no-unpacked-checksum',
              source,
              `${source} ${version} has ${unpacked} of ${platforms} h1: sums: without one for a platform, Terraform takes any unpacked provider there (terraform providers lock)`,
            ),
          );
        const absent = rule.checksums.filter((hash) => !hashes.includes(hash));
        const foreign = hashes.filter((hash) => !rule.checksums.includes(hash));
        if (absent.length + foreign.length > 0) {
          findings.push(
            finding(
              'provider-checksums',
              source,
              `${absent.length} checksums of ${source} ${version} are missing, ${foreign.length} are not the reviewed ones: ${[...absent, ...foreign].slice(0, 3).join(', ')}`,
            ),
          );
        }
      }
    }
    return checked(`${count} locked providers in ${roots.length} roots`, findings);
  },
};

const plain = createPaint({});

/** Compares every installed registry module with what was reviewed, byte by byte. */
export const moduleLock: Gate = {
  id: 'module-lock',
  title: 'registry modules that are not what was reviewed',
  run: async ({ root, initialised }) => {
    if (initialised.length === 0) throw new NotChecked('no module is installed: terraform init');
    const lock = await readLock(join(root, 'security', 'modules.lock.json'));
    const findings: Finding[] = [];
    let packages = 0;
    for (const directory of initialised) {
      const verification = await verifyRoot(directory, lock);
      packages += verification.packages;
      for (const { installed, reasons, files, capabilities } of verification.findings) {
        const said = [
          ...reasons,
          ...files.map((change) => describeFile(change, plain)),
          ...capabilities.map(
            ({ kind, directory: where, capability }) => `${kind} ${capability} in ${where}`,
          ),
        ];
        findings.push({
          rule: 'unreviewed-module',
          severity: 'critical',
          resource: formatRelease(installed.release),
          file: 'security/modules.lock.json',
          message: said.slice(0, 5).join('; '),
        });
      }
    }
    if (packages === 0) throw new NotChecked('no registry module is installed');
    return checked(`${packages} installed modules`, findings);
  },
};
