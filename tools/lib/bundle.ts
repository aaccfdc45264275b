import { copyFileSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';
import { serviceFile } from '../../app/src/compiled-service.ts';
import { builtAt, type Source } from './source.ts';
import { billOfMaterials, bundledPackages, licenceNotices } from './bundled-packages.ts';

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
export const swaggerUiAssets = (outdir: string): Plugin => ({
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
