import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const installTimeoutMs = 300_000;

/** Something that the tests can use and that a machine may lack. */
export interface Tool {
  readonly name: string;
  /** What can't be checked without it. */
  readonly purpose: string;
  readonly isPresent: () => Promise<boolean>;
  /** Rejects with why it can't be had. */
  readonly install: () => Promise<void>;
}

export type Outcome = 'present' | 'installed' | 'missing';

const heartbeatMs = 8_000;

/** Installs what is absent, says so line by line, and never fails: an optional tool may be missing. */
export async function installTools(tools: readonly Tool[], say: (line: string) => void): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [index, tool] of tools.entries()) {
    const startedAt = Date.now();
    const heartbeat = setInterval(() => {
      const seconds = Math.round((Date.now() - startedAt) / 1000);
      say(`…          ${tool.name.padEnd(16)}  ${seconds} s (${index + 1} of ${tools.length})`);
    }, heartbeatMs);
    const { outcome, reason } = await provide(tool).finally(() => {
      clearInterval(heartbeat);
    });
    const note = reason === undefined ? '' : `: ${reason}`;
    say(`${outcome.padEnd(9)}  ${tool.name.padEnd(16)}  for ${tool.purpose}${note}`);
    outcomes.push(outcome);
  }
  return outcomes;
}

async function provide(tool: Tool): Promise<{ outcome: Outcome; reason?: string }> {
  try {
    if (await tool.isPresent()) return { outcome: 'present' };
    await tool.install();
    return { outcome: 'installed' };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { outcome: 'missing', reason: reason.trim().split('\n').at(-1) ?? '' };
  }
}

export interface DebianPackage {
  readonly package: string;
  /** A command that succeeds where it is there. */
  readonly check: readonly string[];
  readonly for: string;
}

/** A Debian package as a tool; installed only where `mayInstall` says so, by root, with apt-get. */
export function createDebianTools(packages: readonly DebianPackage[], mayInstall: boolean): Tool[] {
  let update: Promise<unknown> | undefined;
  return packages.map(({ package: name, check, for: purpose }) => ({
    name,
    purpose,
    isPresent: () => succeeds(check),
    install: async () => {
      if (!mayInstall) throw new Error('`make tools` installs it on a Debian-like system as root');
      if (process.getuid?.() !== 0) throw new Error(`needs root: sudo apt-get install ${name}`);
      if (!(await succeeds(['apt-get', '--version'])))
        throw new Error('no apt-get here: this is no Debian-like system');
      update ??= run('apt-get', ['update', '-qq'], { timeout: installTimeoutMs });
      await update;
      await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name], {
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
        timeout: installTimeoutMs,
      });
    },
  }));
}

const succeeds = ([program = '', ...args]: readonly string[]): Promise<boolean> =>
  run(program, args).then(
    () => true,
    () => false,
  );
