import { explainDatabase } from '../database.ts';
import { createDynamoClient } from '../../dynamo/client.ts';
import { migrateItems, type MigrationReport, type Refusal } from './migrate-items.ts';
import type { MigrationOptions } from './options.ts';
import { createPace } from './pace.ts';

const exitCodes = { done: 0, somethingLeft: 1, interrupted: 130 };
const lineEveryMs = 5_000;
const maxRefusalsShown = 20;

/** Migrates as the options say; summary on standard output, the rest on standard error. Returns the exit code. */
export async function run(
  options: MigrationOptions & { readonly table: string },
  signal: AbortSignal,
): Promise<number> {
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
  try {
    const report = await migrateItems({
      client,
      tableName: table,
      pace: createPace(rate),
      segments,
      drop,
      dryRun,
      signal,
      onProgress: printLines(startedAt),
      onRefusal: printRefusals(),
    });
    console.log(summary(report, dryRun, performance.now() - startedAt));
    if (report.stopped) return exitCodes.interrupted;
    const left = report.refused + (dryRun ? report.rewritten : 0);
    return left === 0 ? exitCodes.done : exitCodes.somethingLeft;
  } catch (error) {
    throw explainDatabase(error, options, 'dynamodb:Scan, GetItem and PutItem');
  } finally {
    client.destroy();
  }
}

function printLines(startedAt: number): (soFar: Omit<MigrationReport, 'stopped'>) => void {
  let lineAt = startedAt;
  return ({ read, rewritten }) => {
    const now = performance.now();
    if (now - lineAt < lineEveryMs) return;
    lineAt = now;
    const rate = Math.round((read * 1_000) / (now - startedAt));
    console.error(`${number(read)} read, ${number(rewritten)} rewritten, ${number(rate)}/s`);
  };
}

function printRefusals(): (refusal: Refusal) => void {
  let shown = 0;
  return ({ year, title, reason }) => {
    shown += 1;
    if (shown <= maxRefusalsShown)
      console.error(`left as it is: ${year} ${JSON.stringify(title)}: ${reason}`);
  };
}

function summary(report: MigrationReport, dryRun: boolean, elapsedMs: number): string {
  const { read, rewritten, refused, overtaken, stopped } = report;
  return [
    `${number(read)} read, ${number(rewritten)} ${dryRun ? 'to rewrite (dry run, nothing written)' : 'rewritten'}`,
    `, ${number(refused)} left as they are in ${(elapsedMs / 1_000).toFixed(1)} s`,
    overtaken === 0 ? '' : `\n${number(overtaken)} were edited meanwhile and taken as edited.`,
    refused === 0
      ? ''
      : '\nWhat is left holds something that would be lost: allow it with --drop, or edit it through the API.',
    stopped ? '\nStopped before the end. Run it again for the rest.' : '',
  ].join('');
}

const number = (value: number) => value.toLocaleString('en');
