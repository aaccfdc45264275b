import type { Metafile } from 'esbuild';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const packageFolder = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//;
const notice = /^(licen[cs]e|notice|copying)(\.|-|$)/i;

/** Name, version, licence and whole licence text of each package whose code is in the bundle, sorted by name. */
export function licenceNotices(projectRoot: string, metafile: Metafile): string {
  const bundled = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
  const folders = new Set(
    bundled.map((input) => packageFolder.exec(input)?.[1]).filter((folder) => folder !== undefined),
  );
  return [...folders]
    .map((folder) => describePackage(join(projectRoot, folder)))
    .sort()
    .join(`\n${'-'.repeat(80)}\n\n`);
}

function describePackage(folder: string): string {
  const { name, version, license } = readManifest(folder);
  const texts = readdirSync(folder)
    .filter((file) => notice.test(file))
    .sort()
    .map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return [`${name} ${version} (${license})`, ...texts, ''].join('\n\n');
}

function readManifest(folder: string): { name: string; version: string; license: string } {
  const file = join(folder, 'package.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  const license = manifest.license ?? manifest.licenses?.map(({ type }) => type).join(' OR ');
  if (manifest.name === undefined || manifest.version === undefined || license === undefined)
    throw new Error(`a bundled package does not state name, version and licence: ${file}`);
  return { name: manifest.name, version: manifest.version, license };
}

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  /** How old packages say it. */
  readonly licenses?: readonly { readonly type: string }[];
}
