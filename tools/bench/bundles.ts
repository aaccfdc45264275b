import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';
import { bundle } from '../build/bundle.ts';
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
  const build = async (out: string, plugins: readonly Plugin[]) => {
    await bundle({ projectRoot, out, source, plugins });
    return `${projectRoot}${out}/main.js`;
  };
  return {
    production: await build('.cache/bench/production', []),
    inMemory: await build('.cache/bench/in-memory', [exchangeRepository]),
  };
}

const exchangeRepository: Plugin = {
  name: 'exchange-repository',
  setup(build) {
    build.onResolve({ filter: /\/dynamo-repository\.ts$/ }, () => ({ path: memoryRepository }));
  },
};
