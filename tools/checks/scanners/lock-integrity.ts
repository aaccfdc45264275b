import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checked, NotChecked, type Finding, type Gate } from '../finding.ts';
import { listFiles } from '../files.ts';

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly inBundle?: boolean;
}

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
  const { packages = {} } = JSON.parse(text) as { packages?: Record<string, LockedPackage> };
  const fetched = Object.entries(packages).filter(
    ([path, { link, inBundle }]) => path.includes('node_modules/') && link !== true && inBundle !== true,
  );
  const findings = fetched.flatMap(([path, { version = '', integrity = '', resolved }]) => {
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
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
