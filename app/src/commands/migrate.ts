import { Option } from 'commander';
import {
  catchInterruption,
  createCommand,
  runCommand,
  tableOptions,
  wholeNumber,
  type TableOptions,
} from './command.ts';
import type { MigrationReport, Refusal } from './migrate/migrate-items.ts';
import { counted, createProgress, type Progress } from './terminal.ts';

interface MigrationOptions extends TableOptions {
  readonly table: string;
  /** Movies a second. */
  readonly rate: number;
  readonly segments: number;
  readonly drop: readonly string[];
  readonly dryRun: boolean;
}

const maxRefusalsShown = 20;

function readOptions(argv: readonly string[]): MigrationOptions {
  const command = createCommand(
    'npm run migrate --',
    'Brings every movie of a DynamoDB table into the form that this version writes, and overwrites no newer edit.\n' +
      'Safe beside a serving API, and to run again after any interruption: what is done is left alone.',
  );
  for (const option of tableOptions()) command.addOption(option);
  command
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
      '\nExit status: 0 every movie has the form of this version, 1 something is left (with --dry-run: to do), 2 misuse, 130 or 143 interrupted.',
    );
  const options = command.parse(argv, { from: 'user' }).opts<TableOptions & MigrationOptions>();
  if (((options.table as string | undefined) ?? '') === '')
    command.error('error: --table is missing: name the table to migrate');
  return options;
}

/** Summary on standard output, the rest on standard error. Resolves with the exit code. */
async function migrate(options: MigrationOptions, signal: AbortSignal): Promise<number> {
  // Only now, so that help and misuse don't wait for the AWS SDK.
  const [{ createDynamoClient }, { explainDatabase }, { createPace, migrateItems }] = await Promise.all([
    import('../dynamo/client.ts'),
    import('./database.ts'),
    import('./migrate/migrate-items.ts'),
  ]);
  const { table, region, endpoint, rate, segments, drop, dryRun } = options;
  const client = createDynamoClient({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    // Nobody waits for it: it rather takes its time than gives up.
    maxAttempts: 10,
    requestTimeoutMs: 10_000,
    maxWaiting: segments * 25,
    maxWaitMs: 60_000,
  });
  const startedAt = performance.now();
  const progress = createProgress({ stream: process.stderr });
  try {
    const report = await migrateItems({
      client,
      tableName: table,
      pace: createPace(rate),
      segments,
      drop,
      dryRun,
      signal,
      onProgress: ({ read, rewritten }) => {
        const perSecond = Math.round((read * 1_000) / (performance.now() - startedAt));
        progress.update(`${counted(read)} read, ${counted(rewritten)} rewritten, ${counted(perSecond)}/s`);
      },
      onRefusal: sayRefusals(progress),
    });
    progress.stop();
    console.log(summary(report, dryRun, performance.now() - startedAt, signal.aborted));
    return report.refused + (dryRun ? report.rewritten : 0) === 0 ? 0 : 1;
  } catch (error) {
    throw explainDatabase(error, options, 'dynamodb:Scan, GetItem and PutItem');
  } finally {
    progress.stop();
    client.destroy();
  }
}

function sayRefusals(progress: Progress): (refusal: Refusal) => void {
  let shown = 0;
  return ({ year, title, reason }) => {
    shown += 1;
    if (shown <= maxRefusalsShown) progress.say(`left as it is: ${year} ${JSON.stringify(title)}: ${reason}`);
  };
}

function summary(report: MigrationReport, dryRun: boolean, elapsedMs: number, isStopped: boolean): string {
  const { read, rewritten, refused, overtaken } = report;
  return [
    `${counted(read)} read, ${counted(rewritten)} ${dryRun ? 'to rewrite (dry run, nothing written)' : 'rewritten'}`,
    `, ${counted(refused)} left as they are in ${(elapsedMs / 1_000).toFixed(1)} s`,
    overtaken === 0 ? '' : `\n${counted(overtaken)} were edited meanwhile and taken as edited.`,
    refused === 0
      ? ''
      : '\nWhat is left holds something that would be lost: allow it with --drop, or edit it through the API.',
    isStopped ? '\nStopped before the end. Run it again for the rest.' : '',
  ].join('');
}

await runCommand(async (argv) => {
  const options = readOptions(argv);
  const { signal, exitCode } = catchInterruption();
  const code = await migrate(options, signal);
  return exitCode() || code;
});
