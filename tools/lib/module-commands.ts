import { writeFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { Command } from 'commander';
import { explain, wholeNumber } from '../../app/src/commands/command.ts';
import { Misuse, reasonOf } from '../../app/src/commands/problem.ts';
import { createPaint, type Paint } from '../../app/src/commands/terminal.ts';
import {
  compareCapabilities,
  compareFiles,
  describeCapability,
  describeFile,
  describeRelease,
  describeVerification,
  findLocked,
  type Lock,
  type LockedRelease,
  lockPath,
  readLock,
  upgradeAdvice,
  verifyRoot,
  withRelease,
  writeLock,
} from './module-lock.ts';
import {
  addFromClone,
  addFromWorkingDirectory,
  createMirror,
  fullestPackages,
  type Mirror,
  serveMirror,
} from './module-mirror.ts';
import {
  findInitialisedRoots,
  formatAddress,
  formatRelease,
  type ModuleRelease,
  parseRelease,
} from './module-releases.ts';
import { gitTreeHash, readTree } from './module-tree.ts';
import { cacheDirectory, findProviderMirrors, renderCliConfiguration } from './terraform/environment.ts';

/** Where the command line is used from, and where its words go. */
export interface Surroundings {
  readonly directory: string;
  readonly isColoured: boolean;
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
}

interface Shared {
  readonly dir: string;
  readonly lock: string;
}

const portOption = ['--port <number>', 'the port on 127.0.0.1', wholeNumber(0, 65_535), 7117] as const;
const rootsOption = [
  '--root <directories...>',
  'initialised working directories (default: all of this project)',
] as const;

/** Runs `modules` with arguments; gives the exit code: 0 fine, 1 a finding or a failure, 2 misuse. */
export async function runCommandLine(args: readonly string[], io: Surroundings): Promise<number> {
  let code = 0;
  const program = new Command('modules')
    .description('Registry modules without the registry, and a lock on what they are and can do')
    .option('--dir <directory>', 'the mirror', cacheDirectory('modules', process.env))
    .option('--lock <file>', 'the lock', lockPath)
    .configureHelp({ showGlobalOptions: true })
    .addHelpText(
      'after',
      '\nA release is written namespace/name/provider@version. Exit codes: 0 fine, 1 a finding or a failure, 2 misuse.',
    )
    .configureOutput({ writeOut: io.out, writeErr: io.error })
    .exitOverride();

  const finish = async (work: (context: Context) => Promise<ExitCode>): Promise<void> => {
    const { dir, lock: path } = program.opts<Shared>();
    code = await work({
      directory: io.directory,
      mirror: createMirror(resolve(io.directory, dir)),
      lockPath: resolve(io.directory, path),
      paint: createPaint({ isTTY: io.isColoured }),
      print: (line) => {
        io.out(`${line}\n`);
      },
    });
  };

  program
    .command('add')
    .summary('add releases to the mirror')
    .description(
      'Add one release from a git clone by its tag, or all releases of an initialised working directory',
    )
    .argument('[release]', 'the release to add from --clone')
    .option('--clone <directory>', 'a git clone, bare or not; it is only read')
    .option('--tag <name>', 'the tag of the release (default: v<version>)')
    .option('--root <directory>', 'an initialised working directory')
    .action((release: string | undefined, options: AddOptions) =>
      finish((context) => add(context, release, options)),
    );

  program
    .command('list')
    .description('List the releases in the mirror and whether they are what the lock says')
    .action(() => finish(list));

  program
    .command('serve')
    .description('Serve the mirror on loopback over the module registry protocol, until interrupted')
    .option(...portOption)
    .action(({ port }: { port: number }) => finish((context) => serve(context, port)));

  program
    .command('config')
    .description(
      'Write the Terraform CLI configuration that points Terraform at `serve` and at the provider mirrors of this machine',
    )
    .option(...portOption)
    .option('--out <file>', 'a new file (default: standard output)')
    .action(({ port, out }: { port: number; out?: string }) =>
      finish((context) => config(context, port, out)),
    );

  program
    .command('lock')
    .description('Write what releases are and can do into the lock, and print what is new')
    .argument('[releases...]', 'releases of the mirror')
    .option(...rootsOption)
    .option('--keep', "keep the module's other versions in the lock", false)
    .action((releases: string[], { root = [], keep }: { root?: string[]; keep: boolean }) =>
      finish((context) => lock(context, releases, root, keep)),
    );

  program
    .command('verify')
    .description('Compare installed modules with the lock, byte by byte: run it after every init')
    .argument('[roots...]', 'initialised working directories (default: all of this project)')
    .action((roots: string[]) => finish((context) => verify(context, roots)));

  program
    .command('diff')
    .description('Print what releases are and can do that the lock does not hold; exit 1 when there is any')
    .argument('[releases...]', 'releases of the mirror')
    .option(...rootsOption)
    .action((releases: string[], { root = [] }: { root?: string[] }) =>
      finish((context) => diff(context, releases, root)),
    );

  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    return explain(error, {
      write: (text: string | Uint8Array) => {
        io.error(String(text));
        return true;
      },
    });
  }
}

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

/** Serves the mirror until the process is asked to end. */
export async function serve({ mirror, print }: Context, port: number): Promise<ExitCode> {
  const server = await serveMirror(mirror, port).catch((error: unknown) => {
    throw new Misuse(
      `port ${port} can't be used: ${reasonOf(error)}`,
      'name another with --port, or 0 for any',
    );
  });
  const { port: actual } = new URL(server.url);
  print(`Serving ${(await mirror.list()).length} releases of ${mirror.directory} on ${server.url}`);
  print(`Point Terraform at it: npm run modules -- config --port ${actual} --out mirror.tfrc`);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  await server.close();
  return 0;
}
