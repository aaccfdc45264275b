import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';
import { bundle, type BundleOptions } from '../build/bundle.ts';
import { readSource } from '../build/source.ts';

const projectRoot = fileURLToPath(new URL('../../', import.meta.url));
const memoryRepository = fileURLToPath(new URL('servers/memory-repository.ts', import.meta.url));

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
    production: await build('.cache/bench/production'),
    inMemory: await build('.cache/bench/in-memory', {
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
