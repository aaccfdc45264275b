import type { Metafile } from 'esbuild';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

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
