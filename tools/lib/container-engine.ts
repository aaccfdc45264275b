import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Problem } from '../../app/src/commands/problem.ts';

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

/** Docker answers `info` only with a daemon. Buildah works where podman does, and lists what it has elsewhere. */
const works = { docker: ['info'], buildah: ['containers', '--quiet'] } as const;

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
    throw new Problem(
      `No container engine works here (tried ${wanted.join(', ')}).`,
      'Install one of docker (and start its daemon), podman or buildah; on Debian: sudo apt-get install podman buildah crun runc',
    );
  return createEngine(name);
}

export function createEngine(name: EngineName): Engine {
  const settings = name === 'docker' ? {} : engineSettings();
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

/** One container of this machine's own files: it proves engine, runtime and limits at once, and takes no image. */
const oneContainer = ['run', '--rm', '--network', 'none', '--rootfs', '/:O', '/bin/true'];

/** A try takes most of a second, and each process may make several engines. */
let settingsThatWork: Readonly<Record<string, string>> | undefined;

/**
 * What podman and buildah need here: nothing, or settings for a machine that may not raise limits (no CAP_SYS_RESOURCE),
 * with the first runtime that runs a container. Nothing, too, where none does, so that the engine says why.
 */
export function engineSettings(): Readonly<Record<string, string>> {
  settingsThatWork ??=
    process.env['CONTAINERS_CONF'] !== undefined
      ? {}
      : (([undefined, 'crun', 'runc'] as const).map(settingsFor).find(runsContainer) ?? {});
  return settingsThatWork;
}

function settingsFor(runtime: 'crun' | 'runc' | undefined): Readonly<Record<string, string>> {
  return runtime === undefined
    ? {}
    : { CONTAINERS_CONF: fileURLToPath(new URL(`sandbox-${runtime}.conf`, import.meta.url)) };
}

const runsContainer = (settings: Readonly<Record<string, string>>): boolean =>
  succeeds('podman', oneContainer, settings);

function answers(name: EngineName): boolean {
  return name === 'podman' ? runsContainer(engineSettings()) : succeeds(name, works[name], {});
}

function succeeds(
  name: EngineName,
  args: readonly string[],
  settings: Readonly<Record<string, string>>,
): boolean {
  try {
    execFileSync(name, args, { stdio: 'ignore', timeout: 60_000, env: { ...process.env, ...settings } });
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether podman can give a container an init process. Debian's podman only recommends the program for it (catatonit), and
 * without it refuses to make the container; podman itself is asked, since it looks in folders of its own.
 */
export async function hasInit(podman: Engine, image: string): Promise<boolean> {
  try {
    const id = await podman.run(['create', '--init', '--pull=never', '--no-healthcheck', image]);
    await podman.run(['rm', '--force', id]);
    return true;
  } catch (error) {
    // Whatever else is wrong is told by the task that fails of it.
    return !String(error).includes('container-init');
  }
}
