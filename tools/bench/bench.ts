import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { readSource } from '../lib/bundle/source.ts';
import { nodeVersion, nodePrograms } from '../install/node-programs.ts';
import { buildBundles, buildScripts, type Bundles } from './bundles.ts';
import { createPinning, type Place } from './cores.ts';
import { startIssuer, type BenchIssuer } from './issuer.ts';
import { createLoadGenerator, type LoadGenerator } from './load/generator.ts';
import type { Taken } from './result.ts';
import { startServer, type Launch, type ServerProcess } from './server-process.ts';

export interface Pace {
  /** Fresh starts of each server. */
  readonly rounds: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** Leaves out rivals that no target is about. */
  readonly onlyTargets: boolean;
}

export interface BenchOptions {
  readonly pace: Pace;
  /** A generator that is everywhere the same, even where a faster one is installed. */
  readonly portableLoad?: boolean;
  /** CPU time that the service wastes on each request: to see that it is noticed. */
  readonly burdenUs?: number;
  readonly say: (line: string) => void;
}

export interface Bench {
  readonly pace: Pace;
  readonly bundles: Bundles;
  readonly issuer: BenchIssuer;
  readonly load: LoadGenerator;
  /** The pinned Node.js on its core. */
  readonly node: (place: Place) => readonly string[];
  /** Starts a rival: a script of `servers/`. */
  readonly startRival: (name: string, env?: Env, probed?: boolean) => Promise<ServerProcess>;
  /** Starts a bundle of the service as production does, everything on. */
  readonly startOurs: (bundle: keyof Bundles, env?: Env, probed?: boolean) => Promise<ServerProcess>;
  /** A constant DynamoDB on the load's core. */
  readonly startStub: (env?: Env) => Promise<ServerProcess>;
  /** dynalite with an empty table, on the load's core; `ready` when it is. */
  readonly startEngine: () => Promise<ServerProcess>;
  /** Absolute path of a script of `servers/`, or of `probe`. */
  readonly script: (name: string) => string;
  readonly taken: () => Taken;
  /** Writes lines where a load generator can read them; the same name again overwrites. */
  readonly file: (name: string, lines: readonly string[]) => string;
  readonly say: (line: string) => void;
  readonly close: () => Promise<void>;
}

/** Of the process itself, as in prod's task definition (tests/checks/plan/service.test.ts compares them). */
export const processSettings = {
  NODE_ENV: 'production',
  NODE_OPTIONS: '--max-semi-space-size=8 --max-old-space-size=640',
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: '7000',
};

/** What is not here has the service's default. */
const productionSettings = {
  HOST: '127.0.0.1',
  TABLE_NAME: 'movies',
  CURSOR_SECRETS: 'a-secret-for-the-bench-that-is-long-enough',
};

type Env = Readonly<Record<string, string>>;

const projectRoot = fileURLToPath(new URL('../../', import.meta.url));
const folder = `${projectRoot}.cache/bench/`;

/** Builds what is measured and opens what it needs. To be closed. */
export async function openBench({ pace, portableLoad = false, burdenUs, say }: BenchOptions): Promise<Bench> {
  say('building the service as it is shipped, and once more with its movies in memory');
  mkdirSync(folder, { recursive: true });
  const { program } = nodePrograms();
  const [bundles, script, issuer] = await Promise.all([buildBundles(program), buildScripts(), startIssuer()]);
  const { prefix, note } = createPinning();
  const node = (place: Place) => [...prefix(place), program];
  const load = createLoadGenerator(node('load'), prefix('load'), portableLoad);
  const start = (launch: Pick<Launch, 'script' | 'env'>, probed: boolean, place: Place = 'server') => {
    const preloads = [...(probed ? ['probe'] : []), ...('BURDEN_US' in launch.env ? ['burden'] : [])];
    return startServer({ command: node(place), preloads: preloads.map(script), ...launch });
  };
  const burden: Env = burdenUs === undefined ? {} : { BURDEN_US: String(burdenUs) };

  return {
    pace,
    bundles,
    issuer,
    load,
    node,
    script,
    startRival: (name, env = {}, probed = true) =>
      start({ script: script(name), env: { ...issuer.settings, ...env } }, probed),
    startOurs: (bundle, env = {}, probed = true) =>
      start(
        {
          script: bundles[bundle],
          env: { ...processSettings, ...productionSettings, ...burden, ...issuer.settings, ...env },
        },
        probed,
      ),
    startStub: (env = {}) => start({ script: script('dynamo-stub'), env }, false, 'load'),
    startEngine: () => start({ script: script('dynalite'), env: {} }, false, 'load'),
    file: (name, lines) => {
      writeFileSync(`${folder}${name}`, `${lines.join('\n')}\n`);
      return `${folder}${name}`;
    },
    taken: () => ({
      at: new Date().toISOString(),
      node: nodeVersion,
      machine: `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${note}`,
      loadGenerator: load.name,
      rounds: pace.rounds,
      commit: readSource(projectRoot, process.env).commit,
    }),
    say,
    close: () => issuer.stop(),
  };
}
