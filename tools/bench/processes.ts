import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { build } from 'esbuild';
import { Problem, reasonOf } from '../../app/src/commands/problem.ts';
import { freePort } from '../../app/src/local/listen.ts';
import type { Usage } from './probe.ts';

const project = resolve(import.meta.dirname, '../..');
const folder = join(project, '.cache/bench');
const answerTimeoutMs = 30_000;

/** Of the process itself, as in prod's task definition (tests/checks/plan/service.test.ts compares them). */
export const processSettings = {
  NODE_ENV: 'production',
  NODE_OPTIONS: '--max-semi-space-size=8 --max-old-space-size=640',
};

/** What is not here has the service's default. */
const serviceSettings = {
  ...processSettings,
  HOST: '127.0.0.1',
  TABLE_NAME: 'movies',
  CURSOR_SECRETS: 'a-secret-for-the-bench-that-is-long-enough',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
};

/** `ours` and `base` are the service as it is shipped: of this working tree, and of the commit that it started from. */
export type Program = 'ours' | 'base' | 'express' | 'raw' | 'raw-dynamo' | 'go' | 'dynamo';

export interface Server {
  readonly url: string;
  /** Of the metrics, where the program is the service. */
  readonly metricsUrl: string;
  /** `performance.now()` when the process was made. */
  readonly startedAt: number;
  /** What it has used so far. `watch` also begins to watch the event loop. */
  readonly usage: (question?: 'usage' | 'watch') => Promise<Usage>;
  readonly stop: () => Promise<void>;
}

export type StartServer = (
  program: Program,
  env?: Readonly<Record<string, string>>,
  isProbed?: boolean,
) => Promise<Server>;

export interface Programs {
  readonly start: StartServer;
  /** Why a program can't be had here, by its name. */
  readonly missing: ReadonlyMap<Program, string>;
}

/** Builds what is measured: bundles of the service, and rivals as JavaScript, for type stripping would count against them. */
export async function buildPrograms(
  wanted: { readonly programs: readonly Program[]; readonly against?: string },
  say: (line: string) => void,
): Promise<Programs> {
  mkdirSync(folder, { recursive: true });
  const missing = new Map<Program, string>();
  const scripts = join(folder, 'servers');
  await build({
    entryPoints: [
      ...['express', 'raw', 'raw-dynamo', 'dynamo'].map((name) =>
        join(import.meta.dirname, `server-${name}.ts`),
      ),
      join(import.meta.dirname, 'probe.ts'),
    ],
    outdir: scripts,
    entryNames: '[name]',
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node24',
    logLevel: 'warning',
  });
  say('building the service as it is shipped');
  const commands = new Map<Program, readonly string[]>([['ours', [process.execPath, bundleOf(project)]]]);
  for (const name of ['express', 'raw', 'raw-dynamo', 'dynamo'] as const)
    commands.set(name, [process.execPath, join(scripts, `server-${name}.js`)]);
  for (const [name, make] of [
    ['base', () => [process.execPath, bundleOfBase(wanted.against, say)]],
    ['go', () => [buildGo(say)]],
  ] as const) {
    if (!wanted.programs.includes(name)) continue;
    try {
      commands.set(name, make());
    } catch (error) {
      missing.set(name, reasonOf(error));
    }
  }
  const probe = join(scripts, 'probe.js');
  return {
    missing,
    start: (program, env = {}, isProbed = program !== 'go') => {
      const command = commands.get(program);
      if (command === undefined)
        throw new Problem(
          `${program} can't be measured: ${missing.get(program) ?? 'unknown'}`,
          'Leave it out.',
        );
      const settings = program === 'ours' || program === 'base' ? serviceSettings : {};
      return startServer(command, { ...settings, ...env }, isProbed ? probe : undefined);
    },
  };
}

function bundleOf(root: string): string {
  execFileSync(process.execPath, ['tools/release/build.ts'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return join(root, 'dist/main.js');
}

/** The merge base with main, or another commit, in a worktree of its own that shares the installed packages. */
function bundleOfBase(against: string | undefined, say: (line: string) => void): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: project, encoding: 'utf8' }).trim();
  const commit = git('rev-parse', against ?? git('merge-base', 'HEAD', 'main'));
  if (against === undefined && commit === git('rev-parse', 'HEAD'))
    throw new Error('this commit is its own merge base; --against names another');
  say(`building the service of ${commit.slice(0, 12)}`);
  const root = join(folder, 'base');
  if (existsSync(root)) git('worktree', 'remove', '--force', root);
  rmSync(root, { recursive: true, force: true });
  git('worktree', 'add', '--detach', root, commit);
  if (!existsSync(join(root, 'tools/release/build.ts'))) throw new Error('that commit has another layout');
  symlinkSync(join(project, 'node_modules'), join(root, 'node_modules'));
  return bundleOf(root);
}

function buildGo(say: (line: string) => void): string {
  execFileSync('go', ['version'], { stdio: 'ignore' });
  say('building the rival in Go');
  const program = join(folder, 'go-rival');
  execFileSync('go', ['build', '-trimpath', '-o', program, '.'], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return program;
}

/** Starts a server on free ports of this machine. What it logs goes nowhere; its complaints go into errors. */
async function startServer(
  [program = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
  probe: string | undefined,
): Promise<Server> {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const startedAt = performance.now();
  const child = spawn(program, [...(probe === undefined ? [] : ['--import', probe]), ...args], {
    stdio: ['ignore', 'ignore', 'pipe', ...(probe === undefined ? [] : ['ipc' as const])],
    env: { PATH: process.env['PATH'], ...env, PORT: String(port), METRICS_PORT: String(metricsPort) },
  });
  let complaints = '';
  child.stderr
    ?.setEncoding('utf8')
    .on('data', (text: string) => (complaints = (complaints + text).slice(-2_000)));
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const exited = once(child, 'exit');
  const server: Server = {
    url: `http://127.0.0.1:${port}`,
    metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
    startedAt,
    usage: (question = 'usage') =>
      probe === undefined ? Promise.resolve(usageOf(child)) : ask(child, question, () => complaints.trim()),
    stop: async () => {
      process.removeListener('exit', kill);
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exited;
    },
  };
  return server;
}

async function ask(child: ChildProcess, question: string, complaints: () => string): Promise<Usage> {
  const answered = once(child, 'message', { signal: AbortSignal.timeout(answerTimeoutMs) });
  child.send(question);
  try {
    const [usage] = (await answered) as [Usage];
    return usage;
  } catch (error) {
    throw new Error(`A measured server does not answer: ${complaints() || 'no message'}`, { cause: error });
  }
}

/** Of a program that is no Node.js, as Linux counts it: in hundredths of a second. */
function usageOf({ pid }: ChildProcess): Usage {
  const fields =
    readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
      .split(') ')[1]
      ?.split(' ') ?? [];
  const [user = 0, system = 0] = fields.slice(11, 13).map(Number);
  return {
    cpuUs: (user + system) * 10_000,
    rssBytes: Number(fields[21]) * 4_096,
    blockedMs: 0,
  };
}

/** Waits until the address answers 200. Rejects with what it answered last. */
export async function waitForAnswer(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  pollMs = 10,
): Promise<string> {
  const deadline = performance.now() + answerTimeoutMs;
  let last = 'nothing';
  while (performance.now() < deadline) {
    try {
      const response = await fetch(url, { headers });
      const body = await response.text();
      if (response.status === 200) return body;
      last = `${response.status}: ${body.slice(0, 200)}`;
    } catch (error) {
      last = reasonOf(error);
    }
    await delay(pollMs);
  }
  throw new Error(`${url} does not answer with 200 but ${last}`);
}
