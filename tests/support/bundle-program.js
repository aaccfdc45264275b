/**
 * `node bundle-program.js <entry> <record>`: bundles a program of this repository for bundled.ts, which says why, and records which
 * file is to be started and what it was made of. The transformation is esbuild's, as tsx's is.
 */
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, parse, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const project = resolve(import.meta.dirname, '../..');
const [entry, record] = process.argv.slice(2);
const digestOf = (content) => createHash('sha256').update(content).digest('hex');

/** What a file knows of its place stays the place of its source: what lies beside it is found from there. */
const placeOf = (path) => ({
  'import.meta.url': pathToFileURL(path).href,
  'import.meta.dirname': dirname(path),
  'import.meta.filename': path,
  __dirname: dirname(path),
  __filename: path,
});
const nameOf = (place) => `place_${place.replaceAll(/\W/g, '_')}`;
const placeOfSource = {
  name: 'place-of-source',
  setup: (builder) => {
    builder.onLoad({ filter: /openapi\.schema\.validator\.js$/ }, async () => ({
      contents: await readFile(join(project, 'tools/lib/bundle/openapi-schema-validator.cjs'), 'utf8'),
    }));
    builder.onLoad({ filter: /\.[cm]?[jt]s$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const known = Object.entries(placeOf(path)).filter(([place]) => source.includes(place));
      if (known.length === 0) return undefined;
      const places = known.map(([place, value]) => `const ${nameOf(place)} = ${JSON.stringify(value)};`);
      const contents = `${places.join(' ')} ${source.replace(/^#!/, '// ')}`;
      return { contents, loader: /\.[cm]?ts$/.test(path) ? 'ts' : 'js' };
    });
  },
};

// Beside its place until it is whole: another worker may be reading, or building the same.
const building = `${record}.${process.pid}`;
const { metafile } = await build({
  absWorkingDir: project,
  entryPoints: { main: entry },
  outdir: building,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  platform: 'node',
  conditions: [], // what Node.js itself would load
  format: 'esm',
  target: 'node20',
  banner: {
    js: [
      "import { createRequire as __createRequire } from 'node:module';",
      'const require = __createRequire(import.meta.url);',
    ].join('\n'),
  },
  // These look for programs or modules beside themselves; `performance` is a name that Node.js never had.
  external: ['dynalite', 'esbuild', 'playwright-core', 'performance'],
  legalComments: 'none',
  define: Object.fromEntries(Object.keys(placeOf('/')).map((place) => [place, nameOf(place)])),
  plugins: [placeOfSource],
  metafile: true,
  logLevel: 'error',
});

const own = Object.keys(metafile.inputs).filter((input) => !input.startsWith('node_modules/'));
// The lock file stands for all packages.
const inputs = Object.fromEntries(
  [...own, 'package-lock.json', 'tests/support/bundle-program.js'].map((input) => [
    input,
    digestOf(readFileSync(join(project, input))),
  ]),
);
const { dir, name } = parse(record);
const made = join(dir, `${name}-${digestOf(JSON.stringify(inputs)).slice(0, 16)}`);
try {
  renameSync(building, made);
} catch (error) {
  if (error.code !== 'ENOTEMPTY') throw error;
  rmSync(building, { recursive: true }); // another worker was faster
}
// What came before it goes.
for (const old of readdirSync(dir)) {
  if (new RegExp(`^${name}-[0-9a-f]{16}$`).test(old) && join(dir, old) !== made)
    rmSync(join(dir, old), { recursive: true, force: true });
}
writeFileSync(`${building}.json`, JSON.stringify({ program: join(made, 'main.mjs'), inputs }));
renameSync(`${building}.json`, record);
