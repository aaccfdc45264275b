import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const runFile = promisify(execFile);
const outputLimit = 64 * 1024 * 1024;

export type EngineName = 'docker' | 'podman' | 'buildah';
export const engineNames: readonly EngineName[] = ['docker', 'podman', 'buildah'];

/** A container engine's command line. */
export interface Engine {
  readonly name: EngineName;
  /** Resolves with what it printed. Rejects with the command and the end of what it printed on stderr. */
  readonly run: (args: readonly string[], environment?: Readonly<Record<string, string>>) => Promise<string>;
  /** Like `run`, with what it printed on stderr appended. */
  readonly runForAll: (args: readonly string[]) => Promise<string>;
}

/** Docker answers `info` only with a daemon; the other two need none. */
const works: Readonly<Record<EngineName, readonly string[]>> = {
  docker: ['info'],
  podman: ['--version'],
  buildah: ['--version'],
};

/**
 * The engine that is asked for, or the first that works. Throws with a remedy that names all three when none does.
 * `isWorking` is replaced in tests.
 */
export function findEngine(
  wanted: readonly EngineName[] = engineNames,
  isWorking: (name: EngineName) => boolean = answers,
): Engine {
  const name = wanted.find(isWorking);
  if (name === undefined)
    throw new Error(
      `no container engine works here (tried ${wanted.join(', ')}).\n` +
        'Install one of docker (and start its daemon), podman or buildah; on Debian: sudo apt-get install podman buildah runc',
    );
  return createEngine(name);
}

export function createEngine(name: EngineName): Engine {
  const settings = engineSettings();
  const run = async (args: readonly string[], environment: Readonly<Record<string, string>> = {}) => {
    try {
      return await runFile(name, [...args], {
        env: { ...process.env, ...settings, ...environment },
        maxBuffer: outputLimit,
      });
    } catch (error) {
      const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
      const end = stderr.trim().split('\n').slice(-15).join('\n') || describeEnd(error);
      throw new Error(`${name} ${args[0] ?? ''} failed:\n${end}`, { cause: error });
    }
  };
  return {
    name,
    run: async (args, environment) => (await run(args, environment)).stdout.trim(),
    runForAll: async (args) => {
      const { stdout, stderr } = await run(args);
      return `${stdout}${stderr}`.trim();
    },
  };
}

/** For a program that says nothing: how it ended. */
function describeEnd(error: unknown): string {
  const of = (name: string): unknown =>
    typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined;
  return `it said nothing (exit code ${String(of('code'))}, signal ${String(of('signal'))})`;
}

/** Settings for a sandbox that may not raise limits (no CAP_SYS_RESOURCE); none elsewhere, or where the user has some. */
export function engineSettings(): Readonly<Record<string, string>> {
  if (process.env['CONTAINERS_CONF'] !== undefined || mayRaiseLimits()) return {};
  return { CONTAINERS_CONF: fileURLToPath(new URL('sandbox.conf', import.meta.url)) };
}

function mayRaiseLimits(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return true;
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const sysResource = 1n << 24n;
  return (BigInt(`0x${effective}`) & sysResource) !== 0n;
}

function answers(name: EngineName): boolean {
  try {
    execFileSync(name, works[name], { stdio: 'ignore', timeout: 15_000 });
    return true;
  } catch {
    return false;
  }
}
