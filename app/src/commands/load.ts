import { Option } from 'commander';
import {
  catchInterruption,
  createCommand,
  runCommand,
  tableOptions,
  wholeNumber,
  type TableOptions,
} from './command.ts';
import type { LoadReport } from './load/load-movies.ts';
import { counted, createProgress } from './terminal.ts';

interface LoadOptions extends TableOptions {
  readonly file: string;
  readonly rejects: string;
  readonly concurrency: number;
  readonly dryRun: boolean;
}

const maxConcurrency = 256;

function readOptions(argv: readonly string[]): LoadOptions {
  const command = createCommand(
    'npm run load --',
    'Loads movies into a DynamoDB table, over what is there. Safe to run again after any interruption.',
  )
    .option('--file <path>', 'a JSON array of movies or JSON lines; - for standard input', 'moviedata.json')
    .option(
      '--rejects <path>',
      'where refused records go, as JSON lines with reason and position; mended there, they can be loaded from it',
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
      '\nExit status: 0 all loaded, 1 some rejected or not loaded, 2 misuse or a broken input, 130 or 143 interrupted.',
    );
  for (const option of tableOptions()) command.addOption(option);
  const options = command.parse(argv, { from: 'user' }).opts<LoadOptions>();
  if (!options.dryRun && (options.table ?? '') === '')
    command.error('error: --table is missing: name the table to load into, or use --dry-run');
  return options;
}

/** Summary on standard output, the rest on standard error. Resolves with the exit code. */
async function load(options: LoadOptions, signal: AbortSignal): Promise<number> {
  // Only now, so that help and misuse don't wait for the AWS SDK.
  const [{ createMovieCheck }, { loadMovies }, { openMovies }, { createRejectsFile }, { explainDatabase }] =
    await Promise.all([
      import('./load/load-movies.ts'),
      import('./load/load-movies.ts'),
      import('./load/read-movies.ts'),
      import('./load/rejects-file.ts'),
      import('./database.ts'),
    ]);
  const source = openMovies(options.file);
  const rejects = await createRejectsFile(options.rejects, source);
  const table = await openTable(options);
  const progress = createProgress({ stream: process.stderr });
  const startedAt = performance.now();
  let report: LoadReport = { read: 0, loaded: 0, rejected: 0, replaced: 0 };
  let failure: Error | undefined;
  try {
    await loadMovies(source.records, table.write, {
      check: createMovieCheck(),
      concurrency: options.concurrency,
      signal,
      onReject: rejects.add,
      onProgress: (count) => {
        report = count;
        progress.update(describeProgress(count, performance.now() - startedAt, source.share()));
      },
    });
  } catch (error) {
    failure = explainDatabase(error, options, 'dynamodb:BatchWriteItem');
  }
  progress.stop();
  table.close();
  await rejects.close();
  if (failure === undefined || report.loaded + report.rejected > 0)
    console.log(summary(report, options, performance.now() - startedAt, signal.aborted));
  if (failure !== undefined) throw failure;
  return report.rejected > 0 ? 1 : 0;
}

async function openTable({ table: tableName, region, endpoint, concurrency, dryRun }: LoadOptions) {
  if (dryRun || tableName === undefined) return { write: () => Promise.resolve([]), close: () => undefined };
  const [{ createDynamoClient }, { createTableWriter }] = await Promise.all([
    import('../dynamo/client.ts'),
    import('./database.ts'),
  ]);
  const client = createDynamoClient({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    concurrency,
    // A batch is 25 writes; only a load that nobody waits for may take that long.
    requestTimeoutMs: 30_000,
  });
  return {
    write: createTableWriter({ client, tableName }),
    close: () => {
      client.destroy();
    },
  };
}

function describeProgress({ loaded }: LoadReport, elapsedMs: number, share: number | undefined): string {
  const rate = `${counted(loaded)} movies, ${counted(Math.round((loaded * 1_000) / elapsedMs))}/s`;
  if (share === undefined || share === 0) return rate;
  return `${rate}, ${Math.floor(share * 100)} %, ${Math.round((elapsedMs / 1_000) * (1 / share - 1))} s left`;
}

function summary(report: LoadReport, options: LoadOptions, elapsedMs: number, isStopped: boolean): string {
  const { read, loaded, rejected, replaced } = report;
  const seconds = elapsedMs / 1_000;
  const left = read - loaded - rejected - replaced;
  return [
    `${counted(read)} read, ${counted(loaded)} ${options.dryRun ? 'valid (dry run, nothing written)' : 'loaded'}`,
    `, ${counted(rejected)} rejected`,
    replaced === 0 ? '' : `, ${counted(replaced)} replaced by a later record with the same year and title`,
    left === 0 ? '' : `, ${counted(left)} not loaded`,
    ` in ${seconds.toFixed(1)} s (${counted(Math.round(loaded / seconds))}/s)`,
    rejected === 0 ? '' : `\nRejected records, with reasons: ${options.rejects}`,
    isStopped
      ? '\nStopped before the end. Run it again to load the rest: what is there already is simply written again.'
      : '',
  ].join('');
}

await runCommand(async (argv) => {
  const options = readOptions(argv);
  const { signal, exitCode } = catchInterruption();
  const code = await load(options, signal);
  return exitCode() || code;
});
