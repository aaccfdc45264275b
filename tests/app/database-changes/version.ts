import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build as esbuild, type Plugin } from 'esbuild';
import { bundle } from '../../../tools/lib/bundle.ts';
import { contractWith, tableWithIndex } from './releases/declarations.ts';

/** This very version, and the three releases after it that carry the example changes to their end. */
export type Version = 'today' | 'expand' | 'switch' | 'contract';

export interface Built {
  /** What a task would run. */
  readonly service: string;
  /** `npm run migrate` of this version. */
  readonly migrate: string;
}

const projectRoot = fileURLToPath(new URL('../../../', import.meta.url));
const releases = fileURLToPath(new URL('releases/', import.meta.url));

/** Bundles service and migration as they are shipped, with the modules exchanged that the release changes. */
export async function buildVersion(version: Version): Promise<Built> {
  // Of this process alone: another test file may build the same version.
  const out = `.cache/database-changes/${process.pid}/${version}`;
  const plugins = version === 'today' ? [] : [exchange(version)];
  await bundle({
    projectRoot,
    out,
    source: { version: `1.0.0-${version}`, commit: '0'.repeat(40), epoch: 0 },
    plugins,
    exchanged: ['tests/app/database-changes/releases/'],
  });
  const migrate = `${projectRoot}${out}/migrate.mjs`;
  await esbuild({
    entryPoints: [`${projectRoot}app/src/commands/migrate.ts`],
    outfile: migrate,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    plugins,
    logLevel: 'warning',
  });
  return { service: `${projectRoot}${out}/main.js`, migrate };
}

const exchange = (version: Exclude<Version, 'today'>): Plugin => ({
  name: `exchange-${version}`,
  setup(build) {
    build.onResolve({ filter: /\/(movie-item|access-path)\.ts$/ }, ({ path, importer }) => {
      const changed = `${releases}${version}/${path.slice(path.lastIndexOf('/') + 1)}`;
      // What a release changes, it may build on.
      return importer.startsWith(releases) || !existsSync(changed) ? undefined : { path: changed };
    });
    build.onLoad({ filter: /\/app\/table\.json$/ }, () => ({
      contents: JSON.stringify(tableWithIndex),
      loader: 'json',
    }));
    build.onLoad({ filter: /\/contract\.gen\.json$/ }, () => ({
      contents: JSON.stringify(contractWith({ languageRequired: version === 'contract' })),
      loader: 'json',
    }));
  },
});
