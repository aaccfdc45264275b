import { Command, Option } from 'commander';
import { address, wholeNumber } from '../command.ts';

export interface MigrationOptions {
  readonly table?: string;
  readonly region: string;
  readonly endpoint?: string;
  /** Movies a second. */
  readonly rate: number;
  readonly segments: number;
  readonly drop: readonly string[];
  readonly dryRun: boolean;
}

/** Throws commander's `CommanderError`, after it has printed what is wrong or the help. */
export function parseOptions(argv: readonly string[]): MigrationOptions & { readonly table: string } {
  const command = new Command('npm run migrate --')
    .description(
      'Brings every movie of a DynamoDB table into the form that this version writes, and overwrites no newer edit.\n' +
        'Safe beside a serving API, and to run again after any interruption: what is done is left alone.',
    )
    .addOption(new Option('--table <name>', 'the table to migrate').env('TABLE_NAME'))
    .addOption(new Option('--region <name>', 'AWS region').env('REGION').default('eu-west-1'))
    .addOption(new Option('--endpoint <url>', 'a local DynamoDB instead of AWS').argParser(address))
    .addOption(
      new Option('--rate <n>', 'movies a second, at most').default(500).argParser(wholeNumber(1, 100_000)),
    )
    .addOption(
      new Option('--segments <n>', 'parts of the table at a time').default(4).argParser(wholeNumber(1, 64)),
    )
    .option('--drop <names...>', 'attributes that may be lost, such as info.old_name', [])
    .option('--dry-run', 'count what would be written, write nothing', false)
    .addHelpText(
      'after',
      '\nExit status: 0 every movie has the form of this version, 1 something is left (with --dry-run: to do), 2 misuse, 130 interrupted.',
    )
    .showHelpAfterError('Run it with --help to see all options.')
    .allowExcessArguments(false)
    .exitOverride();
  const options = command.parse(argv, { from: 'user' }).opts<MigrationOptions>();
  const { table = '' } = options;
  if (table === '') command.error('error: --table is missing: name the table to migrate');
  return { ...options, table };
}
