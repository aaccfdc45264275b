import {
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  type DynamoDBClient,
  type ScanCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { isConditionFailure, toMovieError, toWriteError } from '../../dynamo/failures.ts';
import { InvalidMovie } from '../../movies/errors.ts';
import { fromItem, keyOf, type Item } from '../../dynamo/movie-item.ts';
import type { MovieKey } from '../../movies/movie.ts';
import { unchangedSince } from '../../dynamo/write-condition.ts';
import type { Pace } from './pace.ts';
import { rewriteOf } from './rewrite.ts';

export interface MigrationReport {
  readonly read: number;
  /** Written anew; in a dry run: would be. */
  readonly rewritten: number;
  readonly refused: number;
  /** Times that an edit came between reading and writing, and the edited item was taken instead. */
  readonly overtaken: number;
  /** Whether the signal ended it before the table did. */
  readonly stopped: boolean;
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
  readonly onProgress: (soFar: Omit<MigrationReport, 'stopped'>) => void;
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
  return { ...count, stopped: signal.aborted };
}

const keyFrom = (item: Item): MovieKey => {
  const { year, title } = fromItem(item).movie;
  return { year, title };
};

const translate = (error: unknown): never => {
  throw toMovieError(error);
};
