import { relative, resolve } from 'node:path';
import { createCommand, runCommand } from '../../app/src/commands/command.ts';
import { Misuse } from '../../app/src/commands/problem.ts';
import { createPaint, type Paint } from '../../app/src/commands/terminal.ts';
import {
  compareCapabilities,
  compareFiles,
  describeCapability,
  describeFile,
  describeRelease,
  describeVerification,
  type Lock,
  type LockedRelease,
  lockPath,
  readLock,
  upgradeAdvice,
  verifyRoot,
  writeLock,
} from '../lib/module-lock.ts';
import {
  addFromClone,
  addFromWorkingDirectory,
  createMirror,
  fullestPackages,
  type Mirror,
} from '../lib/module-mirror.ts';
import {
  findInitialisedRoots,
  formatAddress,
  formatRelease,
  type ModuleRelease,
  parseRelease,
} from '../lib/module-releases.ts';
import { cacheDirectory } from '../lib/terraform/environment.ts';

/** What a verb works with: where the project is, its mirror and lock, and where lines go. */
export interface Context {
  readonly directory: string;
  readonly mirror: Mirror;
  readonly lockPath: string;
  readonly print: (line: string) => void;
  readonly paint: Paint;
}

/** Exit code of a verb: 0 as wished, 1 something was found. */
type ExitCode = 0 | 1;

interface AddOptions {
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

/** Releases that the working directories use take the place of the module's others in the lock. */
export async function lock(context: Context, roots: readonly string[]): Promise<ExitCode> {
  const before = await readLock(context.lockPath);
  const found = await installed(context, roots);
  const addresses = new Set(found.map(({ release }) => formatAddress(release.address)));
  let after: Lock = Object.fromEntries(Object.entries(before).filter(([address]) => !addresses.has(address)));
  for (const { release, tree } of found) {
    const [address, described] = [formatAddress(release.address), await describeRelease(tree)];
    printDifference(context, release, before, described);
    after = { ...after, [address]: { ...after[address], [release.version]: described } };
  }
  await writeLock(context.lockPath, after);
  context.print(
    `Written: ${relative(context.directory, context.lockPath)}. Review the lines above, marked ! first, and commit it.`,
  );
  return 0;
}

export async function diff(context: Context, roots: readonly string[]): Promise<ExitCode> {
  const before = await readLock(context.lockPath);
  let differences = 0;
  for (const { release, tree } of await installed(context, roots))
    differences += printDifference(context, release, before, await describeRelease(tree));
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
    const shown = relative(directory, resolve(directory, root)) || '.';
    print(describeVerification({ ...verification, root: shown }, paint));
  }
  if (failures === 0) return 0;
  print(upgradeAdvice);
  return 1;
}

/** Each release that is installed in the working directories, all of the project where none is named. */
async function installed(
  { directory }: Context,
  roots: readonly string[],
): Promise<Awaited<ReturnType<typeof fullestPackages>>> {
  const searched =
    roots.length > 0 ? roots.map((root) => resolve(directory, root)) : await findInitialisedRoots(directory);
  const found = await fullestPackages(searched);
  if (found.length > 0) return found;
  throw new Misuse('no registry module was found', 'run `terraform init` first, or name a directory');
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

const program = createCommand(
  'npm run modules --',
  'Registry modules without the registry, and a lock on what they are and can do',
)
  .option('--dir <directory>', 'the mirror', cacheDirectory('modules', process.env))
  .option('--lock <file>', 'the lock', lockPath)
  .addHelpText('after', '\nExit codes: 0 fine, 1 a finding or a failure, 2 misuse.');

const runVerb = async (work: (context: Context) => Promise<ExitCode>): Promise<void> => {
  const { dir, lock: path } = program.opts<{ dir: string; lock: string }>();
  process.exitCode = await work({
    directory: process.cwd(),
    mirror: createMirror(resolve(dir)),
    lockPath: resolve(path),
    paint: createPaint(process.stdout),
    print: console.log,
  });
};
const rootsOption = [
  '--root <directories...>',
  'initialised working directories (default: all of this project)',
] as const;
interface Roots {
  readonly root?: readonly string[];
}

program
  .command('add')
  .description('Add to the mirror a release of a git clone by its tag, or all that a working directory uses')
  .argument('[release]', 'namespace/name/provider@version, to add from --clone')
  .option('--clone <directory>', 'a git clone, bare or not; it is only read')
  .option('--tag <name>', 'the tag of the release (default: v<version>)')
  .option('--root <directory>', 'an initialised working directory')
  .action((release: string | undefined, options: AddOptions) =>
    runVerb((context) => add(context, release, options)),
  );
program
  .command('lock')
  .description('Write what releases are and can do into the lock, and print what is new')
  .option(...rootsOption)
  .action(({ root = [] }: Roots) => runVerb((context) => lock(context, root)));
program
  .command('verify')
  .description('Compare installed modules with the lock, byte by byte: run it after every init')
  .argument('[roots...]', 'initialised working directories (default: all of this project)')
  .action((roots: string[]) => runVerb((context) => verify(context, roots)));
program
  .command('diff')
  .description('Print what releases are and can do that the lock does not hold; exit 1 when there is any')
  .option(...rootsOption)
  .action(({ root = [] }: Roots) => runVerb((context) => diff(context, root)));

if (process.argv[1] === import.meta.filename) await runCommand(() => program.parseAsync());
