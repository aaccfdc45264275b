import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ErrorObject } from 'ajv';
import { parse } from 'yaml';
import { type Item, toItem } from '../../dynamo/movie-item.ts';
import { InvalidMovie } from '../../movies/errors.ts';
import { parseExactJson } from '../../movies/exact-json.ts';
import { type Movie, revisionOf } from '../../movies/movie.ts';
import { reasonOf } from '../problem.ts';
import type { InputRecord } from './read-movies.ts';
import { type Reject, unwrapReject } from './rejects-file.ts';

/** What is to be stored, or why it can't be. */
export type Checked = { readonly item: Item } | { readonly reason: string };

const contractPath = join(import.meta.dirname, '../../../openapi.yaml');
const movieSchema = 'contract#/components/schemas/Movie';

/** Checks records against the API's contract, so that the loader takes exactly what POST takes. Never throws. */
export function createMovieCheck(): (record: InputRecord) => Checked {
  // Not strict: a contract has keywords of OpenAPI, too, such as `example`.
  const ajv = new Ajv({ strict: false, allErrors: true });
  ajv.addSchema(parse(readFileSync(contractPath, 'utf8')) as object, 'contract');
  const isMovie = ajv.compile<Movie>({ $ref: movieSchema });

  return ({ text, fault }) => {
    if (fault !== undefined) return { reason: fault };
    try {
      const movie = parseExactJson(text);
      if (!isMovie(movie)) return { reason: (isMovie.errors ?? []).map(sentence).join('; ') };
      return { item: toItem({ movie, revision: revisionOf(movie) }) };
    } catch (error) {
      return { reason: describe(error) };
    }
  };
}

/** One record's fault, whatever it is, must not stop the others. */
function describe(error: unknown): string {
  // What can't be walked through is deeper than what could be stored.
  if (error instanceof RangeError) return 'Objects and lists nest more than 30 levels deep.';
  if (error instanceof SyntaxError) return `not JSON: ${visible(error.message)}`;
  return error instanceof InvalidMovie ? error.message : `it can't be stored: ${reasonOf(error)}`;
}

/** `/info/rating must be <= 10`, and what an unknown or missing property is called. */
function sentence({ instancePath, message = 'is wrong', params }: ErrorObject): string {
  const { additionalProperty } = params as { additionalProperty?: unknown };
  const name = typeof additionalProperty === 'string' ? `: ${additionalProperty}` : '';
  return `${instancePath === '' ? 'the record' : instancePath} ${message}${name}`;
}

/** A reason that can be seen: a byte order mark, say, by its number. */
const visible = (text: string) =>
  text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`,
  );

/** DynamoDB's limit of BatchWriteItem. */
const maxBatchSize = 25;

export interface Refusal {
  readonly item: Item;
  readonly reason: string;
}

/** Writes up to 25 items with different keys, over whatever is there. Returns what the database refuses for good. */
export type WriteBatch = (items: readonly Item[]) => Promise<readonly Refusal[]>;

/** Each record that was read and is done is in one of the other sums. */
export interface LoadReport {
  readonly read: number;
  /** Movies with different keys, so what an empty table holds afterwards. */
  readonly loaded: number;
  readonly rejected: number;
  /** Records whose place a later one with the same year and title took. */
  readonly replaced: number;
}

export interface LoadOptions {
  readonly check: (record: InputRecord) => Checked;
  /** Batches in flight. */
  readonly concurrency?: number;
  /** Ends the load: what is in flight is finished, nothing more is read. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (soFar: LoadReport) => void;
  /** Awaited, so that a slow disk slows the load instead of filling the memory. */
  readonly onReject?: (reject: Reject) => Promise<void> | void;
}

interface Entry {
  readonly position: number;
  readonly record: InputRecord;
  readonly item: Item;
  /** The one of the same key that it took the place of in its batch: it is stored when this one can't be. */
  readonly earlier?: Entry;
}

/**
 * Loads records into a table, in batches, several at a time, holding no more of them than these batches. Of two records
 * with one key the later one stays. Loading the same records again changes nothing, so an interrupted load is simply
 * repeated. Rejects with the first error of `records`, `writeBatch` or `onReject`, after all that was read is written;
 * what was reported last is then the sum.
 */
export async function loadMovies(
  records: AsyncIterable<InputRecord> | Iterable<InputRecord>,
  writeBatch: WriteBatch,
  { check, concurrency = 8, signal, onProgress, onReject }: LoadOptions,
): Promise<LoadReport> {
  const count = { read: 0, loaded: 0, rejected: 0, replaced: 0 };
  const loaded = createKeySet();
  const running = new Set<Promise<void>>();
  const writing = new Map<string, Promise<void>>();
  const failures: unknown[] = [];
  let batch = new Map<string, Entry>();

  const reject = async ({ position, record }: Pick<Entry, 'position' | 'record'>, reason: string) => {
    count.rejected += 1;
    await onReject?.({ ...record, position, reason });
  };

  const write = async (entries: readonly Entry[]): Promise<void> => {
    const refusals = await writeBatch(entries.map(({ item }) => item));
    const reasons = new Map(refusals.map(({ item, reason }) => [item, reason]));
    for (const entry of entries) {
      const reason = reasons.get(entry.item);
      if (reason !== undefined) {
        await reject(entry, reason);
        if (entry.earlier !== undefined) await write([entry.earlier]);
        continue;
      }
      count[loaded.add(keyOf(entry.item)) ? 'loaded' : 'replaced'] += 1;
      for (let { earlier } = entry; earlier !== undefined; { earlier } = earlier) count.replaced += 1;
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
    for await (const found of records) {
      if (failures.length > 0 || signal?.aborted === true) break;
      count.read += 1;
      const record = unwrapReject(found);
      const checked = check(record);
      const entry = { position: count.read, record };
      if ('reason' in checked) {
        await reject(entry, checked.reason);
        continue;
      }
      const key = keyOf(checked.item);
      const earlier = batch.get(key);
      batch.set(key, { ...entry, ...checked, ...(earlier === undefined ? {} : { earlier }) });
      if (batch.size === maxBatchSize) await flush();
    }
  } catch (error) {
    failures.push(error);
    // What came before the fault is good.
    await flush();
  }
  if (failures.length === 0) await flush();
  await Promise.all(running);
  onProgress?.(count);
  if (failures.length > 0) throw failures[0];
  return count;
}

/** Movies that are in memory already, as records. */
export function* recordsOf(movies: Iterable<unknown>): Generator<InputRecord> {
  let line = 0;
  for (const movie of movies) yield { line: (line += 1), text: JSON.stringify(movie) };
}

const keyOf = ({ year, title }: Item) => `${year?.N ?? ''} ${title?.S ?? ''}`;

/** Which of millions of keys came before: by 64 bits of their digest, 16 to 32 bytes each, outside of the heap. */
function createKeySet() {
  let slots = new BigUint64Array(1024);
  let size = 0;
  const slotOf = (digest: bigint): number => {
    let slot = Number(digest % BigInt(slots.length));
    while (slots[slot] !== 0n && slots[slot] !== digest) slot = (slot + 1) % slots.length;
    return slot;
  };
  return {
    /** Whether it is new. */
    add(key: string): boolean {
      const digest = hash('sha1', key, 'buffer').readBigUInt64LE() || 1n;
      const slot = slotOf(digest);
      if (slots[slot] === digest) return false;
      slots[slot] = digest;
      size += 1;
      if (size * 2 > slots.length) {
        const former = slots;
        slots = new BigUint64Array(former.length * 2);
        for (const known of former) if (known !== 0n) slots[slotOf(known)] = known;
      }
      return true;
    },
  };
}
