import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';

/** A package whose code is in the bundle. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression. */
  readonly license: string;
  /** Where it is installed. */
  readonly folder: string;
}

const packageFolder = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//;

/** Sorted by name and version. Throws when one does not state name, version and licence. */
export function bundledPackages(projectRoot: string, metafile: Metafile): readonly BundledPackage[] {
  const bundled = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
  const folders = new Set(
    bundled.map((input) => packageFolder.exec(input)?.[1]).filter((folder) => folder !== undefined),
  );
  const order = ({ name, version }: BundledPackage): string => `${name} ${version}`;
  return [...folders]
    .map((folder) => readManifest(join(projectRoot, folder)))
    .sort((one, other) => (order(one) < order(other) ? -1 : 1));
}

function readManifest(folder: string): BundledPackage {
  const file = join(folder, 'package.json');
  const { name, version, ...manifest } = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  const license = manifest.license ?? manifest.licenses?.map(({ type }) => type).join(' OR ');
  if (name === undefined || version === undefined || license === undefined)
    throw new Error(`a bundled package does not state name, version and licence: ${file}`);
  return { name, version, license, folder };
}

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  /** How old packages say it. */
  readonly licenses?: readonly { readonly type: string }[];
}

/**
 * CycloneDX of the packages whose code is in the bundle. A bundle has no `node_modules` for a scanner to find: with this
 * file beside it, scanners of the image know what is in it. No time and no serial number: the same source, the same bytes.
 */
export const billOfMaterials = (packages: readonly BundledPackage[]): string =>
  `${JSON.stringify(
    {
      bomFormat: 'CycloneDX',
      specVersion: '1.5',
      version: 1,
      metadata: { component: { type: 'application', name: 'movies-api', 'bom-ref': 'movies-api' } },
      components: packages.map(({ name, version, license }) => ({
        type: 'library',
        'bom-ref': purl(name, version),
        name,
        version,
        purl: purl(name, version),
        licenses: [{ expression: license }],
      })),
    },
    null,
    1,
  )}\n`;

/** `pkg:npm/%40scope/name@1.0.0` (https://github.com/package-url/purl-spec) */
const purl = (name: string, version: string): string => `pkg:npm/${name.replace('@', '%40')}@${version}`;

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
