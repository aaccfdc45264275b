import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Tool } from './tool.ts';

const run = promisify(execFile);
const installTimeoutMs = 300_000;

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
