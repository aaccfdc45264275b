import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createTableWriter } from '../commands/database.ts';
import { createMovieCheck, loadMovies, recordsOf } from '../commands/load/load-movies.ts';
import { createRejectsFile } from '../commands/load/rejects-file.ts';
import type { Movie } from '../movies/movie.ts';
import { counted, createProgress, shownPath } from '../commands/terminal.ts';
import { readVegaMovies, vegaSource, type Finding, type VegaImport } from './vega-movies.ts';

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

  await load(imported.movies, options);
  if (!options.signal.aborted) await writeFile(mark, vegaSource());
}

async function load(movies: readonly Movie[], options: RealMoviesOptions): Promise<void> {
  const { client, tableName, dataDir, say, signal } = options;
  const rejectsPath = join(dataDir, 'real-movies.rejects.jsonl');
  const rejects = await createRejectsFile(rejectsPath);
  const startedAt = performance.now();
  const progress = createProgress({ stream: process.stdout });
  try {
    const { loaded, rejected } = await loadMovies(
      recordsOf(movies),
      createTableWriter({ client, tableName }),
      {
        check: createMovieCheck(),
        signal,
        onReject: rejects.add,
        onProgress: ({ read }) => {
          progress.update(`  ${counted(read)} of ${counted(movies.length)} movies`);
        },
      },
    );
    progress.say(
      `${counted(loaded)} movies loaded in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`,
    );
    if (rejected > 0)
      say(`${rejected} rejected by the table's rules, with reasons: ${shownPath(rejectsPath)}`);
  } finally {
    progress.stop();
    await rejects.close();
  }
}

/** What became of the records, in a few lines: counts, and for each kind of repair one example. */
function reportImport({ movies, dropped, repaired }: VegaImport, source: string): string[] {
  const total = movies.length + dropped.length;
  const without = (name: string) => movies.filter(({ info }) => !Object.hasOwn(info, name)).length;
  return [
    `${source}: ${number(total)} records, ${number(movies.length)} movies`,
    ...summarise(dropped).map(({ what, count }) => `  ${number(count)} dropped: ${what}`),
    ...summarise(repaired).map(
      ({ what, count, example }) =>
        `  ${number(count)} repaired: ${what} (${example.from ?? ''} → ${example.to ?? ''})`,
    ),
    `  unknown and left out: ${number(without('directors'))} directors, ${number(without('genres'))} genres, ${number(without('rating'))} ratings`,
  ];
}

/** Every finding as a line of JSON: position, what happened, and the record as it was. */
function findingLines({ dropped, repaired }: VegaImport): string {
  const lines = [
    ...dropped.map((finding) => ({ outcome: 'dropped', ...finding })),
    ...repaired.map((finding) => ({ outcome: 'repaired', ...finding })),
  ];
  return lines
    .sort((a, b) => a.position - b.position)
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('');
}

const number = (value: number) => value.toLocaleString('en');

function summarise(findings: readonly Finding[]): { what: string; count: number; example: Finding }[] {
  const kinds = new Map<string, { what: string; count: number; example: Finding }>();
  for (const finding of findings) {
    const { count, example } = kinds.get(finding.what) ?? { count: 0, example: finding };
    kinds.set(finding.what, { what: finding.what, count: count + 1, example });
  }
  return [...kinds.values()];
}
