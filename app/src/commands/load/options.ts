import { Command, Option } from 'commander';
import { address, wholeNumber } from './option-values.ts';

export interface LoaderOptions {
  /** Absent only in a dry run. */
  readonly table?: string;
  readonly file: string;
  readonly region: string;
  readonly endpoint?: string;
  readonly rejects: string;
  readonly concurrency: number;
  readonly dryRun: boolean;
}

const maxConcurrency = 256;

/** Throws commander's `CommanderError`, after it has printed what is wrong or the help. */
export function parseOptions(argv: readonly string[]): LoaderOptions {
  const command = new Command('npm run load --')
    .description(
      'Loads movies into a DynamoDB table, over what is there. Safe to run again after any interruption.',
    )
    .addOption(new Option('--table <name>', 'the table to load into').env('TABLE_NAME'))
    .option('--file <path>', 'a JSON array of movies or JSON lines; - for standard input', 'moviedata.json')
    .addOption(new Option('--region <name>', 'AWS region').env('REGION').default('eu-west-1'))
    .addOption(new Option('--endpoint <url>', 'a local DynamoDB instead of AWS').argParser(address))
    .option(
      '--rejects <path>',
      'where refused records go, as JSON lines with reason and position',
      'rejects.jsonl',
    )
    .addOption(
      new Option('--concurrency <n>', `batches in flight, 1 to ${maxConcurrency}`)
        .default(16)
        .argParser(wholeNumber(1, maxConcurrency)),
    )
    .option('--dry-run', 'read and check everything, write nothing', false)
    .addHelpText(
      'after',
      '\nExit status: 0 all loaded, 1 some rejected or not loaded, 2 misuse, 130 interrupted.',
    )
    .showHelpAfterError('Run it with --help to see all options.')
    .allowExcessArguments(false)
    .exitOverride();
  const options = command.parse(argv, { from: 'user' }).opts<LoaderOptions>();
  if (!options.dryRun && (options.table ?? '') === '') {
    command.error('error: --table is missing: name the table to load into, or use --dry-run');
  }
  return options;
}
