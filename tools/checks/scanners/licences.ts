import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { checked, NotChecked, type Finding, type Gate } from '../finding.ts';
import { readPolicy } from '../policy.ts';

interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly link?: boolean;
  readonly optional?: boolean;
}

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
    const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
      packages?: Record<string, LockedPackage>;
    };
    const packages = Object.entries(lock.packages ?? {}).filter(
      ([path, { link }]) => path !== '' && link !== true,
    );
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
        const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
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
