import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createBatchWriter } from '../commands/load/batch-writer.ts';
import { createMovieCheck } from '../commands/load/check-movie.ts';
import { loadMovies, type LoadReport, type Reject } from '../commands/load/load-movies.ts';
import { createProgress } from '../commands/load/progress.ts';
import { createRejectsFile } from '../commands/load/rejects-file.ts';
import type { Movie } from '../movies/movie.ts';
import { findingLines, reportImport } from './real-movies-report.ts';
import { shownPath } from '../commands/terminal.ts';
import { readVegaMovies, vegaSource } from './vega-movies.ts';

export interface RealMoviesOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /** Whether the table was just created: then nothing can be in it. */
  readonly isNew: boolean;
  /** Where findings, rejects and the mark of a finished load are kept. */
  readonly dataDir: string;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Loads the real movies unless a whole load has left its mark. A load that was interrupted has left none: it is done
 * again, which changes nothing about the movies that are there.
 */
export async function loadRealMovies(options: RealMoviesOptions): Promise<void> {
  const { isNew, dataDir, say } = options;
  const mark = join(dataDir, 'real-movies.loaded');
  const loadedBefore = await readFile(mark, 'utf8').catch(() => undefined);
  if (!isNew && loadedBefore === vegaSource()) {
    say(`The movies of ${loadedBefore} were loaded before, into ${shownPath(dataDir)}.`);
    return;
  }

  const imported = await readVegaMovies();
  const findings = join(dataDir, 'real-movies.findings.jsonl');
  await mkdir(dataDir, { recursive: true });
  await writeFile(findings, findingLines(imported));
  reportImport(imported, vegaSource()).forEach(say);
  say(`  each of them, as it was: ${shownPath(findings)}`);

  const report = await load(imported.movies, options);
  if (!report.stopped) await writeFile(mark, vegaSource());
}

async function load(movies: readonly Movie[], options: RealMoviesOptions): Promise<LoadReport> {
  const { client, tableName, dataDir, say, signal } = options;
  const rejectsPath = join(dataDir, 'real-movies.rejects.jsonl');
  const rejects = createRejectsFile(rejectsPath);
  const startedAt = performance.now();
  let done = 0;
  const source = { totalBytes: movies.length, bytesRead: () => done };
  const progress = createProgress({ source, stream: process.stdout });
  try {
    const report = await loadMovies(movies, createBatchWriter({ client, tableName }), {
      check: createMovieCheck(),
      signal,
      onReject: (reject: Reject) => rejects.add(reject),
      onProgress: ({ loaded, rejected }) => {
        done = loaded + rejected;
        progress.update(loaded);
      },
    });
    progress.stop();
    const seconds = (performance.now() - startedAt) / 1000;
    say(`${report.loaded.toLocaleString('en')} movies loaded in ${seconds.toFixed(1)} s`);
    if (report.rejected > 0)
      say(`${report.rejected} rejected by the table's rules, with reasons: ${shownPath(rejectsPath)}`);
    return report;
  } finally {
    progress.stop();
    await rejects.close();
  }
}
