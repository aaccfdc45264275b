import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';
import { serviceFile } from '../../app/src/compiled-service.ts';
import { builtAt, type Source } from './source.ts';

export interface BundleOptions {
  readonly projectRoot: string;
  /** Folder of the result, relative to the project; emptied first. */
  readonly out: string;
  readonly source: Source;
  /** Exchange a part for a measurement; what is shipped has none. */
  readonly plugins?: readonly Plugin[];
  /** Folders that plugins take code from, such as `tests/`: no other development code may be in a bundle. */
  readonly exchanged?: readonly string[];
}

/**
 * Bundles the service and its health check with their production dependencies: one file with all code of the service, which
 * V8 can keep compiled, and the program that starts it. Names stay as they are, and lines hold a few statements, so that a
 * stack trace is read without a source map. What is asked for with `import()` begins to run then.
 * Rejects with esbuild's messages when a source can't be bundled.
 */
export async function bundle({
  projectRoot,
  out,
  source,
  plugins = [],
  exchanged = [],
}: BundleOptions): Promise<{ files: number; bytes: number }> {
  const outdir = join(projectRoot, out);
  rmSync(outdir, { recursive: true, force: true });
  mkdirSync(outdir, { recursive: true });
  const options = {
    absWorkingDir: projectRoot,
    bundle: true,
    platform: 'node' as const,
    format: 'cjs' as const,
    target: 'node20',
    // Packages as ES modules where they have both forms: what nobody imports is left out, as of the AWS SDK.
    mainFields: ['module', 'main'],
    // Without comments and indentation a start reads half as much.
    minifyWhitespace: true,
    lineLimit: 120,
    logLevel: 'warning' as const,
  };
  const { metafile } = await build({
    ...options,
    entryPoints: ['app/src/main.ts'],
    inject: ['app/src/one-undici.ts'],
    outfile: join(outdir, serviceFile),
    format: 'iife',
    banner: { js: '(function (require, __filename, __dirname) {' },
    footer: { js: '})' },
    supported: { 'dynamic-import': false },
    define: {
      // undici looks at this one for who brings headers of Node.js's own undici; nobody does.
      'globalThis.Headers': 'undefined',
      BUILD_INFO: JSON.stringify({
        version: source.version,
        commit: source.commit,
        builtAt: builtAt(source),
      }),
    },
    legalComments: 'none', // all of them are in the notices, whole
    plugins: [...plugins, swaggerUiAssets(outdir)],
    metafile: true,
  });
  await build({
    ...options,
    entryPoints: { main: 'app/src/launch.ts', 'health-check': 'app/src/health-check.ts' },
    outdir,
  });
  const probe = await build({
    ...options,
    entryPoints: ['app/src/commands/outside-lambda.ts'],
    outfile: join(outdir, 'outside-probe.mjs'),
    format: 'esm', // it waits for events at its top
    metafile: true,
  });
  const both: Metafile = {
    inputs: { ...metafile.inputs, ...probe.metafile.inputs },
    outputs: { ...metafile.outputs, ...probe.metafile.outputs },
  };
  refuseDevelopmentCode(
    Object.keys(both.inputs).filter((input) => !exchanged.some((folder) => input.startsWith(folder))),
  );
  writeFileSync(join(outdir, 'package.json'), `${JSON.stringify({ type: 'commonjs' })}\n`);
  const packages = bundledPackages(projectRoot, both);
  writeFileSync(join(outdir, 'THIRD-PARTY-NOTICES.txt'), licenceNotices(packages));
  writeFileSync(join(outdir, 'third-party.cdx.json'), billOfMaterials(packages));
  return settle(outdir, source.epoch);
}

function refuseDevelopmentCode(inputs: readonly string[]): void {
  const strangers = inputs.filter((input) => /^app\/src\/local\/|^(tests|tools)\//.test(input));
  if (strangers.length > 0) throw new Error(`development code in the bundle: ${strangers.join(', ')}`);
}

/** Gives every file the time of the source, so that archives of them are equal too. */
function settle(folder: string, epoch: number): { files: number; bytes: number } {
  const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) =>
    join(folder, name),
  );
  const files = entries.filter((entry) => statSync(entry).isFile());
  [...entries, folder].forEach((entry) => {
    utimesSync(entry, epoch, epoch);
  });
  return { files: files.length, bytes: files.reduce((sum, file) => sum + statSync(file).size, 0) };
}

/** What the page loads, and what its licence asks for: 2 of the package's 13 MB. */
const assets = [
  'swagger-ui.css',
  'index.css',
  'swagger-ui-bundle.js',
  'swagger-ui-standalone-preset.js',
  'oauth2-redirect.html',
  'oauth2-redirect.js',
  'favicon-16x16.png',
  'favicon-32x32.png',
  'LICENSE',
  'NOTICE',
];

/** Copies Swagger UI's files beside the bundle, into a folder of their own, and points `swagger-ui-dist` at it. */
const swaggerUiAssets = (outdir: string): Plugin => ({
  name: 'swagger-ui-assets',
  setup: (build) => {
    build.onLoad({ filter: /swagger-ui-dist[\\/]absolute-path\.js$/ }, ({ path }) => {
      mkdirSync(join(outdir, 'swagger-ui'), { recursive: true });
      assets.forEach((asset) => {
        copyFileSync(join(dirname(path), asset), join(outdir, 'swagger-ui', asset));
      });
      return { contents: `module.exports = () => require('node:path').join(__dirname, 'swagger-ui');` };
    });
  },
});

/** A package whose code is in the bundle. */
interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression. */
  readonly license: string;
  /** Where it is installed. */
  readonly folder: string;
}

const packageFolder = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//;

/** Sorted by name and version. Throws when one does not state name, version and licence. */
function bundledPackages(projectRoot: string, metafile: Metafile): readonly BundledPackage[] {
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
const licenceNotices = (packages: readonly BundledPackage[]): string =>
  packages.map(describePackage).join(`\n${'-'.repeat(80)}\n\n`);

function describePackage({ name, version, license, folder }: BundledPackage): string {
  const texts = readdirSync(folder)
    .filter((file) => notice.test(file))
    .sort()
    .map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return [`${name} ${version} (${license})`, ...texts, ''].join('\n\n');
}
