import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build, type Plugin } from 'esbuild';
import { bundle, type BundleOptions } from '../lib/bundle/bundle.ts';
import { codeCacheCommand } from '../lib/bundle/code-cache-command.ts';
import { readSource } from '../lib/bundle/source.ts';

const projectRoot = fileURLToPath(new URL('../../', import.meta.url));
const servers = fileURLToPath(new URL('servers/', import.meta.url));
const built = '.cache/bench';
const codeCacheScript = fileURLToPath(new URL('../lib/bundle/code-cache.ts', import.meta.url));
const run = promisify(execFile);

export interface Bundles {
  /** Absolute paths of `main.js`. */
  readonly production: string;
  readonly inMemory: string;
  readonly untraced: string;
}

/** The bundle that is shipped, the same with its repository exchanged for one in memory, and the same without tracing. */
export async function buildBundles(node: string): Promise<Bundles> {
  const source = readSource(projectRoot, process.env);
  const build = async (out: string, exchange: Pick<BundleOptions, 'plugins' | 'exchanged'> = {}) => {
    await bundle({ projectRoot, out, source, ...exchange });
    return `${projectRoot}${out}/main.js`;
  };
  const production = await build(`${built}/production`);
  const [program, ...args] = codeCacheCommand(node, codeCacheScript, `${projectRoot}${built}/production`);
  await run(program, args);
  return {
    production,
    inMemory: await build(`${built}/in-memory`, exchange('dynamo-repository', 'memory-repository')),
    untraced: await build(`${built}/untraced`, exchange('tracing', 'no-tracing')),
  };
}

/** Another file for a part of the service, by their names without `.ts`. */
function exchange(part: string, by: string): Pick<BundleOptions, 'plugins' | 'exchanged'> {
  const plugin: Plugin = {
    name: `exchange-${part}`,
    setup(build) {
      build.onResolve({ filter: new RegExp(`/${part}\\.ts$`) }, () => ({ path: `${servers}${by}.ts` }));
    },
  };
  return { plugins: [plugin], exchanged: ['tools/bench/servers/'] };
}

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
