import { resolve } from 'node:path';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { createMirror } from './mirror.ts';
import { cacheDirectory } from './cache-directory.ts';
import { lockPath } from './lock.ts';
import { Problem, reasonOf } from '../../../app/src/commands/problem.ts';
import { createPaint } from '../../../app/src/commands/terminal.ts';
import { serve } from './serve.ts';
import {
  add,
  config,
  diff,
  list,
  lock,
  verify,
  type AddOptions,
  type Context,
  type ExitCode,
} from './verbs.ts';

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

const parsePort = (text: string): number => {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError('a port is a whole number from 0 to 65535.');
  return port;
};

const portOption = ['--port <number>', 'the port on 127.0.0.1', parsePort, 7117] as const;
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
    // Commander has printed its reason; it ends help with 0 and misuse with 1.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    io.error(error instanceof Problem ? `${error.message}\n${error.remedy}\n` : `${reasonOf(error)}\n`);
    return error instanceof Problem ? error.exitCode : 1;
  }
}
