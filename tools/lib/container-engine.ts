import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Problem } from '../../app/src/commands/problem.ts';

const runFile = promisify(execFile);
const outputLimit = 64 * 1024 * 1024;

export type EngineName = 'docker' | 'podman' | 'buildah';
const engineNames: readonly EngineName[] = ['docker', 'podman', 'buildah'];

/** A container engine's command line. */
export interface Engine {
  readonly name: EngineName;
  /** Resolves with what it printed. Rejects with the command and the end of what it printed on stderr. */
  readonly run: (args: readonly string[], environment?: Readonly<Record<string, string>>) => Promise<string>;
  /** Like `run`, with what it printed on stderr appended. */
  readonly runForAll: (args: readonly string[]) => Promise<string>;
}

/**
 * The engine that is asked for, or the first that works. Throws with a remedy that names all three when none does.
 * `isWorking` is replaced in tests.
 */
export function findEngine(
  wanted: readonly EngineName[] = engineNames,
  isWorking: (name: EngineName) => boolean = runsContainers,
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
  succeeds(() => use('podman', oneContainer, settings));

/** An engine is tried by running a container: one whose daemon answers may still start none. */
export const runsContainers = (name: EngineName): boolean =>
  name === 'podman'
    ? runsContainer(engineSettings())
    : succeeds(() => {
        buildWithRun(name);
      });

/** Docker runs no container of the machine's own files, and buildah runs them in builds alone: so an image of one program. */
function buildWithRun(name: 'docker' | 'buildah'): void {
  const settings = name === 'docker' ? {} : engineSettings();
  const folder = mkdtempSync(join(tmpdir(), 'engine-'));
  try {
    writeFileSync(join(folder, 'true'), smallestProgram(process.arch), { mode: 0o755 });
    writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\nCOPY true /true\nRUN ["/true"]\n');
    const id =
      use(name, ['build', '--quiet', '--no-cache', folder], settings).trim().split('\n').at(-1) ?? '';
    use(name, ['rmi', id], settings);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** An ELF file for Linux that ends with 0, and needs no library: https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html */
function smallestProgram(processor: string): Buffer {
  const exit = { x64: [0x3e, 'b83c00000031ff0f05'], arm64: [0xb7, 'a80b80d2000080d2010000d4'] } as const;
  if (processor !== 'x64' && processor !== 'arm64') throw new Error(`no image is made for ${processor}`);
  const [machine, instructions] = exit[processor];
  const code = Buffer.from(instructions, 'hex');
  const [start, head] = [0x400000n, 120];
  const size = BigInt(head + code.length);
  const file = Buffer.alloc(head);
  file.write('7f454c46020101', 'hex');
  // A file to execute, for this processor, in version 1; sizes of its header and of its one segment's.
  for (const [at, value] of [
    [16, 2],
    [18, machine],
    [20, 1],
    [52, 64],
    [54, 56],
    [56, 1],
    [64, 1],
    [68, 5],
  ] as const)
    file.writeUInt16LE(value, at);
  for (const [at, value] of [
    [24, start + BigInt(head)],
    [32, 64n],
    [80, start],
    [88, start],
    [96, size],
    [104, size],
    [112, 0x10000n],
  ] as const)
    file.writeBigUInt64LE(value, at);
  return Buffer.concat([file, code]);
}

const use = (name: EngineName, args: readonly string[], settings: Readonly<Record<string, string>>): string =>
  execFileSync(name, args, {
    stdio: ['ignore', 'pipe', 'ignore'],
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, ...settings },
  });

function succeeds(attempt: () => void): boolean {
  try {
    attempt();
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
