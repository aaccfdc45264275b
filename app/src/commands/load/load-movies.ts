import { InvalidMovie } from '../../movies/errors.ts';
import { toItem, type Item } from '../../dynamo/movie-item.ts';
import { revisionOf } from '../../movies/revision.ts';
import type { CheckMovie } from './check-movie.ts';
import { Unreadable } from './read-movies.ts';

/** DynamoDB's limit of BatchWriteItem. */
export const maxBatchSize = 25;

export interface Refusal {
  readonly item: Item;
  readonly reason: string;
}

/** Writes up to 25 items with different keys, over whatever is there. Returns what the database refuses for good. */
export type WriteBatch = (items: readonly Item[]) => Promise<readonly Refusal[]>;

export interface Reject {
  /** 1 is the first record. */
  readonly position: number;
  readonly reason: string;
  readonly record: unknown;
}

export interface LoadReport {
  readonly read: number;
  readonly loaded: number;
  readonly rejected: number;
  /** Records with the same year and title as a later one of their batch, which took their place. */
  readonly superseded: number;
  /** Whether the signal ended it before the records did. */
  readonly stopped: boolean;
}

export interface LoadOptions {
  readonly check: CheckMovie;
  /** Batches in flight. */
  readonly concurrency?: number;
  /** Ends the load: what is in flight is finished, nothing more is read. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (soFar: Omit<LoadReport, 'stopped'>) => void;
  /** Awaited, so that a slow disk slows the load instead of filling the memory. */
  readonly onReject?: (reject: Reject) => Promise<void> | void;
}

interface Entry {
  readonly position: number;
  readonly record: unknown;
  readonly item: Item;
}

/**
 * Loads records into a table, in batches, several at a time, holding no more of them than these batches. Of two records
 * with one key the later one stays. Loading the same records again changes nothing, so an interrupted load is simply
 * repeated. Rejects with the first error of `records` or `writeBatch`, after what is in flight is finished.
 */
export async function loadMovies(
  records: AsyncIterable<unknown> | Iterable<unknown>,
  writeBatch: WriteBatch,
  { check, concurrency = 8, signal, onProgress, onReject }: LoadOptions,
): Promise<LoadReport> {
  const count = { read: 0, loaded: 0, rejected: 0, superseded: 0 };
  const running = new Set<Promise<void>>();
  const writing = new Map<string, Promise<void>>();
  const failures: unknown[] = [];
  let batch = new Map<string, Entry>();

  const reject = async (refused: Reject) => {
    count.rejected += 1;
    await onReject?.(refused);
  };

  const write = async (entries: readonly Entry[]) => {
    const refusals = new Map(
      (await writeBatch(entries.map(({ item }) => item))).map((it) => [it.item, it.reason]),
    );
    count.loaded += entries.length - refusals.size;
    for (const { item, position, record } of entries) {
      const reason = refusals.get(item);
      if (reason !== undefined) await reject({ position, reason, record });
    }
    onProgress?.(count);
  };

  const flush = async () => {
    const [keys, entries] = [[...batch.keys()], [...batch.values()]];
    batch = new Map();
    if (entries.length === 0) return;
    // A batch on its way with one of these keys must land first, or the earlier record could win.
    await Promise.all(keys.map((key) => writing.get(key) ?? Promise.resolve()));
    while (running.size >= concurrency) await Promise.race(running);
    const task = write(entries)
      .catch((error: unknown) => {
        failures.push(error);
      })
      .finally(() => {
        running.delete(task);
        for (const key of keys) if (writing.get(key) === task) writing.delete(key);
      });
    running.add(task);
    for (const key of keys) writing.set(key, task);
  };

  try {
    for await (const record of records) {
      if (failures.length > 0 || signal?.aborted === true) break;
      count.read += 1;
      const position = count.read;
      const entry = toEntry(record, position, check);
      if ('reason' in entry) {
        await reject(entry);
        continue;
      }
      const key = `${entry.item['year']?.N ?? ''} ${entry.item['title']?.S ?? ''}`;
      if (batch.delete(key)) count.superseded += 1;
      batch.set(key, entry);
      if (batch.size === maxBatchSize) await flush();
    }
    if (failures.length === 0) await flush();
  } finally {
    await Promise.all(running);
  }
  if (failures.length > 0) throw failures[0];
  return { ...count, stopped: signal?.aborted ?? false };
}

function toEntry(record: unknown, position: number, check: CheckMovie): Entry | Reject {
  if (record instanceof Unreadable) return { position, reason: record.reason, record: record.text };
  const checked = check(record);
  if ('problem' in checked) return { position, reason: checked.problem, record };
  const { movie } = checked;
  try {
    return { position, record, item: toItem({ movie, revision: revisionOf(movie) }) };
  } catch (error) {
    if (error instanceof InvalidMovie) return { position, reason: error.message, record };
    throw error;
  }
}
