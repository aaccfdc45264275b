import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { pinnedNode } from '../node/node.ts';
import { buildBundles, type Bundles } from './bundles.ts';
import { createPinning, type Place } from './cores.ts';
import { startIssuer, type BenchIssuer } from './issuer.ts';
import { createLoadGenerator, type LoadGenerator } from './load/closed-loop.ts';
import { startServer, type Launch, type ServerProcess } from './server-process.ts';

export interface Pace {
  /** Fresh starts of each server. */
  readonly rounds: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

export interface Bench {
  readonly pace: Pace;
  readonly bundles: Bundles;
  readonly issuer: BenchIssuer;
  readonly load: LoadGenerator;
  /** The pinned Node.js on its core. */
  readonly node: (place: Place) => readonly string[];
  readonly pinning: string;
  /** Starts a rival: a file of `servers/`. */
  readonly startRival: (name: string, env?: Env, probed?: boolean) => Promise<ServerProcess>;
  /** Starts a bundle of the service as production does, everything on. */
  readonly startOurs: (bundle: keyof Bundles, env?: Env, probed?: boolean) => Promise<ServerProcess>;
  /** A constant DynamoDB on the load's core. */
  readonly startStub: () => Promise<ServerProcess>;
  /** Writes lines where a load generator can read them; the same name again overwrites. */
  readonly file: (name: string, lines: readonly string[]) => string;
  readonly say: (line: string) => void;
  readonly close: () => Promise<void>;
}

type Env = Readonly<Record<string, string>>;

const folder = fileURLToPath(new URL('../../.cache/bench/', import.meta.url));
const servers = fileURLToPath(new URL('servers/', import.meta.url));

/** Builds what is measured and opens what it needs. To be closed. */
export async function openBench(pace: Pace, say: (line: string) => void): Promise<Bench> {
  say('building the service as it is shipped, and once more with its movies in memory');
  mkdirSync(folder, { recursive: true });
  const [{ program }, bundles, issuer] = await Promise.all([pinnedNode(), buildBundles(), startIssuer()]);
  const { prefix, note } = createPinning();
  const node = (place: Place) => [...prefix(place), program];
  const start = (launch: Omit<Launch, 'command'>, place: Place = 'server') =>
    startServer({ command: node(place), ...launch });

  return {
    pace,
    bundles,
    issuer,
    load: createLoadGenerator(node('load'), prefix('load')),
    node,
    pinning: note,
    startRival: (name, env = {}, probed = true) =>
      start({ script: `${servers}${name}.ts`, env: { ...issuer.settings, ...env }, probed }),
    startOurs: (bundle, env = {}, probed = true) =>
      start({ script: bundles[bundle], env: { ...productionSettings, ...issuer.settings, ...env }, probed }),
    startStub: () => start({ script: `${servers}dynamo-stub.ts`, env: {}, probed: false }, 'load'),
    file: (name, lines) => {
      writeFileSync(`${folder}${name}`, `${lines.join('\n')}\n`);
      return `${folder}${name}`;
    },
    say,
    close: () => issuer.stop(),
  };
}

/** As in a task definition; what is not here has the service's default. */
const productionSettings = {
  NODE_ENV: 'production',
  HOST: '127.0.0.1',
  TABLE_NAME: 'movies',
  CURSOR_SECRETS: 'a-secret-for-the-bench-that-is-long-enough',
};
