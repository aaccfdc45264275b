import { writeFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { findProviderMirrors } from '../terraform/provider-mirrors.ts';
import { renderCliConfiguration } from './cli-configuration.ts';
import { compareCapabilities, compareFiles } from './comparison.ts';
import { gitTreeHash, readTree } from './file-tree.ts';
import { findInitialisedRoots } from './initialised-roots.ts';
import {
  describeRelease,
  findLocked,
  readLock,
  withRelease,
  writeLock,
  type Lock,
  type LockedRelease,
} from './lock.ts';
import type { Mirror } from './mirror.ts';
import { formatAddress, formatRelease, parseRelease, type ModuleRelease } from './module-address.ts';
import { Misuse } from '../../../app/src/commands/problem.ts';
import type { Paint } from '../../../app/src/commands/terminal.ts';
import { addFromClone, addFromWorkingDirectory, fullestPackages } from './release-sources.ts';
import { describeCapability, describeFile, describeVerification, upgradeAdvice } from './report.ts';
import { verifyRoot } from './verification.ts';

/** What a verb works with: where the project is, its mirror and lock, and where lines go. */
export interface Context {
  readonly directory: string;
  readonly mirror: Mirror;
  readonly lockPath: string;
  readonly print: (line: string) => void;
  readonly paint: Paint;
}

/** Exit code of a verb: 0 as wished, 1 something was found. */
export type ExitCode = 0 | 1;

export interface AddOptions {
  readonly clone?: string;
  readonly tag?: string;
  readonly root?: string;
}

export async function add(
  { directory, mirror, print }: Context,
  name: string | undefined,
  { clone, tag, root }: AddOptions,
): Promise<ExitCode> {
  if (name !== undefined && clone !== undefined && root === undefined) {
    const release = parseRelease(name);
    print(
      `${formatRelease(release)} → ${await addFromClone(mirror, release, resolve(directory, clone), tag)}`,
    );
    return 0;
  }
  if (name === undefined && clone === undefined && root !== undefined) {
    const added = await addFromWorkingDirectory(mirror, resolve(directory, root));
    if (added.length === 0)
      throw new Misuse(`${root} uses no registry module`, 'name a working directory that does');
    for (const release of added) print(`${formatRelease(release)} → ${mirror.directory}`);
    return 0;
  }
  throw new Misuse(
    'a release is added from one place',
    'give a release and --clone <directory>, or only --root <initialised working directory>',
  );
}

export async function list({ mirror, lockPath, print, paint }: Context): Promise<ExitCode> {
  const lock = await readLock(lockPath);
  const releases = await mirror.list();
  if (releases.length === 0)
    print(`no modules in ${mirror.directory}; add some with \`npm run modules -- add\``);
  for (const release of releases) {
    const locked = findLocked(lock, release);
    const isSame = locked?.tree === gitTreeHash(await readTree(await mirror.get(release)));
    const state =
      locked === undefined
        ? paint.dim('not locked')
        : isSame
          ? paint.green('locked')
          : paint.red('differs from the lock');
    print(`${formatRelease(release)}  ${state}`);
  }
  return 0;
}

export async function config(
  { directory, print }: Context,
  port: number,
  out: string | undefined,
): Promise<ExitCode> {
  const text = await configurationFor(`http://127.0.0.1:${port}`);
  if (out === undefined) {
    print(text.trimEnd());
    return 0;
  }
  await writeFile(resolve(directory, out), text, { flag: 'wx' }).catch((error: unknown) => {
    throw new Misuse(`${out} can't be written: ${String(error)}`, 'name a file that does not exist yet');
  });
  print(`Written. Use it with: export TF_CLI_CONFIG_FILE=${resolve(directory, out)}`);
  return 0;
}

const configurationFor = async (moduleMirrorUrl: string): Promise<string> =>
  renderCliConfiguration({ moduleMirrorUrl, providerMirrors: await findProviderMirrors(process.env) });

export async function lock(
  context: Context,
  names: readonly string[],
  roots: readonly string[],
  keepOthers: boolean,
): Promise<ExitCode> {
  const before = await readLock(context.lockPath);
  let after: Lock = before;
  for (const { release, tree } of await candidates(context, names, roots)) {
    const described = await describeRelease(tree);
    printDifference(context, release, before, described);
    after = withRelease(after, release, described, keepOthers);
  }
  await writeLock(context.lockPath, after);
  context.print(
    `Written: ${relative(context.directory, context.lockPath)}. Review the lines above, marked ! first, and commit it.`,
  );
  return 0;
}

export async function diff(
  context: Context,
  names: readonly string[],
  roots: readonly string[],
): Promise<ExitCode> {
  const before = await readLock(context.lockPath);
  let differences = 0;
  for (const { release, tree } of await candidates(context, names, roots)) {
    differences += printDifference(context, release, before, await describeRelease(tree));
  }
  return differences > 0 ? 1 : 0;
}

export async function verify(
  { directory, lockPath, print, paint }: Context,
  named: readonly string[],
): Promise<ExitCode> {
  const roots = named.length > 0 ? named : await findInitialisedRoots(directory);
  if (roots.length === 0)
    throw new Misuse(
      'no initialised working directory is here: nothing was verified',
      'run `terraform init` first, or name a directory',
    );
  const locked = await readLock(lockPath);
  let failures = 0;
  for (const root of roots) {
    const verification = await verifyRoot(resolve(directory, root), locked);
    failures += verification.findings.length;
    print(
      describeVerification(
        { ...verification, root: relative(directory, resolve(directory, root)) || '.' },
        paint,
      ),
    );
  }
  if (failures === 0) return 0;
  print(upgradeAdvice);
  return 1;
}

interface Candidate {
  readonly release: ModuleRelease;
  readonly tree: string;
}

/** Named releases come from the mirror, all others from initialised working directories. */
async function candidates(
  { directory, mirror }: Context,
  names: readonly string[],
  roots: readonly string[],
): Promise<Candidate[]> {
  if (names.length > 0 && roots.length > 0)
    throw new Misuse(
      'releases and --root exclude each other',
      'name releases of the mirror, or working directories',
    );
  if (names.length > 0) {
    const releases = names.map(parseRelease);
    return Promise.all(releases.map(async (release) => ({ release, tree: await mirror.get(release) })));
  }
  const searched =
    roots.length > 0 ? roots.map((root) => resolve(directory, root)) : await findInitialisedRoots(directory);
  const found = await fullestPackages(searched);
  if (found.length > 0) return found;
  throw new Misuse(
    'no registry module was found',
    'name releases of the mirror (`npm run modules -- list`), or run `terraform init` first',
  );
}

/** Prints how a release differs from what the lock holds of its module, and returns in how many things. */
function printDifference(
  { print, paint }: Context,
  release: ModuleRelease,
  before: Lock,
  now: LockedRelease,
): number {
  const versions = before[formatAddress(release.address)] ?? {};
  const [version, old] =
    Object.entries(versions).find(([known]) => known === release.version) ??
    Object.entries(versions).at(-1) ??
    [];
  const files = compareFiles(old?.files ?? {}, now.files);
  const capabilities = compareCapabilities(old?.capabilities ?? {}, now.capabilities);
  const title = `${formatRelease(release)} (${version === undefined ? 'new to the lock' : `locked: ${version}`})`;
  if (files.length + capabilities.length === 0 && version === release.version) {
    print(`${title}: no difference`);
    return 0;
  }
  const count = (kind: string): number => files.filter((file) => file.kind === kind).length;
  print(`${title}: ${count('changed')} files changed, ${count('added')} added, ${count('removed')} removed`);
  // Within one version a changed file is a finding by itself; between versions it is what an upgrade is.
  if (version === release.version) for (const file of files) print(`  ${describeFile(file, paint)}`);
  for (const change of capabilities) print(`  ${describeCapability(change, paint)}`);
  if (capabilities.length === 0) print('  can do exactly what it could');
  return files.length + capabilities.length + 1;
}
