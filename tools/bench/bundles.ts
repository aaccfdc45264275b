import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { bundle, type BundleOptions } from '../build/bundle.ts';
import { readSource } from '../build/source.ts';

const projectRoot = fileURLToPath(new URL('../../', import.meta.url));
const servers = fileURLToPath(new URL('servers/', import.meta.url));
const memoryRepository = `${servers}memory-repository.ts`;
const built = '.cache/bench';

export interface Bundles {
  /** Absolute paths of `main.js`. */
  readonly production: string;
  readonly inMemory: string;
}

/** The bundle that is shipped, and the same with its repository exchanged for one in memory. */
export async function buildBundles(): Promise<Bundles> {
  const source = readSource(projectRoot, process.env);
  const build = async (out: string, exchange: Pick<BundleOptions, 'plugins' | 'exchanged'> = {}) => {
    await bundle({ projectRoot, out, source, ...exchange });
    return `${projectRoot}${out}/main.js`;
  };
  return {
    production: await build(`${built}/production`),
    inMemory: await build(`${built}/in-memory`, {
      plugins: [exchangeRepository],
      exchanged: ['tools/bench/servers/'],
    }),
  };
}

const exchangeRepository: Plugin = {
  name: 'exchange-repository',
  setup(build) {
    build.onResolve({ filter: /\/dynamo-repository\.ts$/ }, () => ({ path: memoryRepository }));
  },
};

/**
 * The rivals and what is loaded into a server, as JavaScript: Node.js takes 45 ms and memory to strip types, which would
 * be counted against whoever is written in TypeScript. Returns the absolute path of a script by its name.
 */
export async function buildScripts(): Promise<(name: string) => string> {
  const files = [
    ...readdirSync(servers).map((file) => `${servers}${file}`),
    ...['probe.ts', 'burden.ts'].map((file) => fileURLToPath(new URL(file, import.meta.url))),
  ];
  const outdir = join(projectRoot, built, 'scripts');
  await build({
    entryPoints: Object.fromEntries(files.map((file) => [basename(file, '.ts'), file])),
    outdir,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node24',
    logLevel: 'warning',
  });
  return (name) => join(outdir, `${name}.js`);
}
