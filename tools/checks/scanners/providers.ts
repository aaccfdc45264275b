import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { existsSync } from 'node:fs';
import { checked, NotChecked, type Finding, type Gate } from '../finding.ts';
import { readPolicy } from '../policy.ts';
import { terraformDirectories } from './tflint.ts';

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
