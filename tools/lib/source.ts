import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Misuse } from '../../app/src/commands/problem.ts';

/** What is built: enough to name it, and nothing that changes between two builds of the same source. */
export interface Source {
  /** Of package.json. */
  readonly version: string;
  /** Full git commit, `-dirty` when files differ from it, `unknown` without git. */
  readonly commit: string;
  /** Seconds since 1970 of the commit; 0 without git. */
  readonly epoch: number;
}

/**
 * Reads package.json and git. `REVISION` and `SOURCE_DATE_EPOCH` (https://reproducible-builds.org/specs/source-date-epoch)
 * go before git: in an image build there is none.
 */
export function readSource(projectRoot: string, environment: NodeJS.ProcessEnv): Source {
  const git = (...args: string[]) => answer('git', ['-C', projectRoot, ...args]);
  const commit = environment['REVISION'] ?? gitCommit(git);
  const epoch = Number(environment['SOURCE_DATE_EPOCH'] ?? git('log', '-1', '--format=%ct') ?? 0);
  if (!Number.isSafeInteger(epoch) || epoch < 0)
    throw new Misuse(
      `SOURCE_DATE_EPOCH is not a number of seconds: ${environment['SOURCE_DATE_EPOCH'] ?? ''}`,
      'Give whole seconds since 1970, or leave it out: the time of the commit is taken.',
    );
  return { version: packageVersion(projectRoot), commit, epoch };
}

/** ISO 8601, in UTC, to the second. */
export const builtAt = ({ epoch }: Source): string =>
  new Date(epoch * 1000).toISOString().replace('.000Z', 'Z');

function gitCommit(git: (...args: string[]) => string | undefined): string {
  const commit = git('rev-parse', 'HEAD');
  if (commit === undefined) return 'unknown';
  return git('status', '--porcelain') === '' ? commit : `${commit}-dirty`;
}

function packageVersion(projectRoot: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
  if (manifest !== null && typeof manifest === 'object' && 'version' in manifest)
    return String(manifest.version);
  throw new Error('package.json has no version');
}

function answer(program: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}
