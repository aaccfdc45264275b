import { createDynamoClient } from '../../dynamo/client.ts';
import { createBatchWriter } from './batch-writer.ts';
import { createMovieCheck } from './check-movie.ts';
import { explain } from './failure.ts';
import { loadMovies, type LoadReport, type WriteBatch } from './load-movies.ts';
import type { LoaderOptions } from './options.ts';
import { createProgress } from './progress.ts';
import { openMovies } from './read-movies.ts';
import { createRejectsFile } from './rejects-file.ts';

const exitCodes = { allLoaded: 0, someRejected: 1, interrupted: 130 };

/** Loads as the options say; summary on standard output, the rest on standard error. Returns the exit code. */
export async function run(options: LoaderOptions, signal: AbortSignal): Promise<number> {
  const rejects = createRejectsFile(options.rejects);
  const startedAt = performance.now();
  let soFar: Omit<LoadReport, 'stopped'> = { read: 0, loaded: 0, rejected: 0, superseded: 0 };
  try {
    const { writeBatch, close } = createWriter(options);
    const source = openMovies(options.file);
    const progress = createProgress({ source, stream: process.stderr });
    const report = await loadMovies(source.records, writeBatch, {
      check: createMovieCheck(),
      concurrency: options.concurrency,
      signal,
      onReject: (reject) => rejects.add(reject),
      onProgress: (count) => {
        soFar = count;
        progress.update(count.loaded);
      },
    }).finally(() => {
      progress.stop();
      close();
    });
    console.log(summary(report, options, performance.now() - startedAt));
    if (report.stopped) return exitCodes.interrupted;
    return report.rejected > 0 ? exitCodes.someRejected : exitCodes.allLoaded;
  } catch (error) {
    const { exitCode, text } = explain(error, options);
    console.error(text);
    if (soFar.loaded > 0)
      console.log(summary({ ...soFar, stopped: true }, options, performance.now() - startedAt));
    return exitCode;
  } finally {
    await rejects.close();
  }
}

function createWriter({ table, region, endpoint, concurrency, dryRun }: LoaderOptions): {
  writeBatch: WriteBatch;
  close: () => void;
} {
  if (dryRun || table === undefined) return { writeBatch: () => Promise.resolve([]), close: () => undefined };
  const client = createDynamoClient({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    concurrency,
    // A batch is 25 writes; only a load that nobody waits for may take that long.
    requestTimeoutMs: 30_000,
  });
  return {
    writeBatch: createBatchWriter({ client, tableName: table }),
    close: () => {
      client.destroy();
    },
  };
}

function summary(report: LoadReport, { dryRun, rejects }: LoaderOptions, elapsedMs: number): string {
  const { read, loaded, rejected, superseded, stopped } = report;
  const seconds = elapsedMs / 1000;
  const number = (value: number) => value.toLocaleString('en');
  return [
    `${number(read)} read, ${number(loaded)} ${dryRun ? 'valid (dry run, nothing written)' : 'loaded'}`,
    `, ${number(rejected)} rejected`,
    superseded === 0 ? '' : `, ${number(superseded)} replaced by a later record with the same year and title`,
    ` in ${seconds.toFixed(1)} s (${number(Math.round(loaded / seconds))}/s)`,
    rejected === 0 ? '' : `\nRejected records, with reasons: ${rejects}`,
    stopped
      ? '\nStopped before the end. Run it again to load the rest: what is there already is simply written again.'
      : '',
  ].join('');
}
