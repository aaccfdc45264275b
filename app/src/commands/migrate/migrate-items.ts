import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  type AttributeValue,
  type DynamoDBClient,
  type ScanCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { isConditionFailure, toMovieError, toWriteError } from '../../dynamo/calls.ts';
import { InvalidMovie } from '../../movies/errors.ts';
import { fromAttribute } from '../../dynamo/attribute-value.ts';
import { fromItem, keyOf, toItem, type Item } from '../../dynamo/movie-item.ts';
import { isSameNumber } from '../../movies/exact-json.ts';
import type { MovieKey } from '../../movies/movie.ts';
import { unchangedSince } from '../../dynamo/expression.ts';

/** Resolves when so many more may be done: at a constant rate, whoever asks, without saving up for a burst. */
export type Pace = (count: number) => Promise<void>;

export function createPace(perSecond: number, now: () => number = () => performance.now()): Pace {
  let freeAt = now();
  return (count) => {
    const startAt = Math.max(now(), freeAt);
    freeAt = startAt + (count * 1_000) / perSecond;
    return delay(Math.max(0, startAt - now()));
  };
}

export interface MigrationReport {
  readonly read: number;
  /** Written anew; in a dry run: would be. */
  readonly rewritten: number;
  readonly refused: number;
  /** Times that an edit came between reading and writing, and the edited item was taken instead. */
  readonly overtaken: number;
}

export interface Refusal extends MovieKey {
  readonly reason: string;
}

export interface MigrationDeps {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly pace: Pace;
  readonly segments: number;
  readonly drop: readonly string[];
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (soFar: MigrationReport) => void;
  readonly onRefusal: (refusal: Refusal) => void;
}

/** Items of one read: small enough to stop and to slow down at once. */
const pageSize = 25;

/**
 * Brings every item of the table into the form that this version writes, several parts of the table at a time. A write
 * takes place only if the item is still what was read; otherwise the newer one is read and looked at again. Reads are
 * strongly consistent, so that a run which finds nothing proves that nothing was there.
 */
export async function migrateItems(deps: MigrationDeps): Promise<MigrationReport> {
  const { client, tableName, pace, segments, drop, dryRun, signal, onProgress, onRefusal } = deps;
  const table = { TableName: tableName, ConsistentRead: true } as const;
  const count = { read: 0, rewritten: 0, refused: 0, overtaken: 0 };

  /** False when the item is no longer what was read. */
  const put = async (item: Item, seen: Item): Promise<boolean> => {
    const command = new PutItemCommand({ TableName: tableName, Item: item, ...unchangedSince(seen) });
    try {
      await client.send(command);
      return true;
    } catch (error) {
      if (isConditionFailure(error)) return false;
      throw toWriteError(error);
    }
  };

  const refuse = (item: Item, reason: string) => {
    count.refused += 1;
    onRefusal({ ...keyFrom(item), reason });
  };

  const migrate = async (seen: Item): Promise<void> => {
    const rewrite = rewriteOf(seen, drop);
    if (rewrite.kind === 'current') return;
    if (rewrite.kind === 'refused') {
      refuse(seen, rewrite.reason);
      return;
    }
    try {
      if (dryRun || (await put(rewrite.item, seen))) {
        count.rewritten += 1;
        return;
      }
    } catch (error) {
      if (!(error instanceof InvalidMovie)) throw error;
      refuse(seen, error.message);
      return;
    }
    count.overtaken += 1;
    const { Item: newer } = await client
      .send(new GetItemCommand({ ...table, Key: keyOf(keyFrom(seen)) }))
      .catch(translate);
    if (newer !== undefined) await migrate(newer);
  };

  const migrateSegment = async (segment: number): Promise<void> => {
    let start: Item | undefined;
    do {
      await pace(pageSize);
      if (signal.aborted || failure.signal.aborted) return;
      const page: ScanCommandOutput = await client
        .send(
          new ScanCommand({
            ...table,
            Limit: pageSize,
            Segment: segment,
            TotalSegments: segments,
            ExclusiveStartKey: start,
          }),
        )
        .catch(translate);
      const items = page.Items ?? [];
      await Promise.all(items.map(migrate));
      count.read += items.length;
      start = page.LastEvaluatedKey;
      onProgress(count);
    } while (start !== undefined);
  };

  // One segment's failure ends the others after what they have in flight.
  const failure = new AbortController();
  const ends = await Promise.allSettled(
    Array.from({ length: segments }, (_, segment) =>
      migrateSegment(segment).catch((error: unknown) => {
        failure.abort();
        throw error;
      }),
    ),
  );
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return count;
}

const keyFrom = (item: Item): MovieKey => {
  const { year, title } = fromItem(item).movie;
  return { year, title };
};

const translate = (error: unknown): never => {
  throw toMovieError(error);
};

/** What is to become of a stored item. */
export type Rewrite =
  | { readonly kind: 'current' }
  | { readonly kind: 'write'; readonly item: Item }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * The item as this version of the service would write it. What the API shows stays what it is, so its revision stays too,
 * and whoever holds its entity tag can still edit. What reads the same stays stored as it is, to the digit: a number of
 * another writer may have more of them than JSON, and a set is a list there.
 * @param drop attributes that may be lost, `extra` or `info.extra`; an item with another one that this version doesn't write is refused
 */
export function rewriteOf(item: Item, drop: readonly string[]): Rewrite {
  let form: Item;
  try {
    form = keepWhatReadsTheSame(item, toItem(fromItem(item)));
  } catch (error) {
    if (error instanceof InvalidMovie) return { kind: 'refused', reason: error.message };
    throw error;
  }
  if (isDeepStrictEqual(item, form)) return { kind: 'current' };
  const kept = namesOf(form);
  const lost = namesOf(item).filter((name) => !kept.includes(name) && !drop.includes(name));
  if (lost.length > 0)
    return { kind: 'refused', reason: `it holds ${lost.join(', ')}, which this version does not write` };
  const changed = poorerIn(item, form, '');
  return changed.length === 0
    ? { kind: 'write', item: form }
    : { kind: 'refused', reason: `${changed.join(', ')} can't be rewritten as it is, to the digit` };
}

const namesOf = (item: Item): readonly string[] => [
  ...Object.keys(item),
  ...Object.keys(item['info']?.M ?? {}).map((name) => `info.${name}`),
];

const readsTheSame = (one: AttributeValue, other: AttributeValue): boolean =>
  isDeepStrictEqual(fromAttribute(one), fromAttribute(other));

function keepWhatReadsTheSame(stored: Item, form: Item): Item {
  const keep = (name: string, value: AttributeValue): AttributeValue => {
    const old = stored[name];
    if (old === undefined) return value;
    if (readsTheSame(old, value)) return old;
    return old.M !== undefined && value.M !== undefined ? { M: keepWhatReadsTheSame(old.M, value.M) } : value;
  };
  return Object.fromEntries(Object.entries(form).map(([name, value]) => [name, keep(name, value)]));
}

/** Attributes that are not kept as they are, and hold more than JSON can say: what is made of them would be poorer. */
function poorerIn(stored: Item, form: Item, path: string): string[] {
  return Object.entries(stored).flatMap(([name, value]) => {
    const made = form[name];
    if (isDeepStrictEqual(value, made)) return [];
    if (value.M !== undefined) return poorerIn(value.M, made?.M ?? {}, `${path}${name}.`);
    return isJson(value) ? [] : [`${path}${name}`];
  });
}

/** Whether JSON can say all that an attribute holds. */
function isJson({ N: number, L: list, M: map, SS, NS, B, BS }: AttributeValue): boolean {
  if (number !== undefined) return isSameNumber(number, String(Number(number)));
  if (list !== undefined) return list.every(isJson);
  if (map !== undefined) return Object.values(map).every(isJson);
  return [SS, NS, B, BS].every((kind) => kind === undefined);
}
