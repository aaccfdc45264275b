import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BundledPackage } from './bundled-packages.ts';

const notice = /^(licen[cs]e|notice|copying)(\.|-|$)/i;

/** Name, version, licence and whole licence text of each package whose code is in the bundle. */
export const licenceNotices = (packages: readonly BundledPackage[]): string =>
  packages.map(describePackage).join(`\n${'-'.repeat(80)}\n\n`);

function describePackage({ name, version, license, folder }: BundledPackage): string {
  const texts = readdirSync(folder)
    .filter((file) => notice.test(file))
    .sort()
    .map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return [`${name} ${version} (${license})`, ...texts, ''].join('\n\n');
}
