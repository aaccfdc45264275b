import { setTimeout as delay } from 'node:timers/promises';
import { BatchWriteItemCommand, type DynamoDBClient, type WriteRequest } from '@aws-sdk/client-dynamodb';
import { toMovieError, toWriteError } from '../../dynamo/failures.ts';
import { InvalidMovie, Throttled } from '../../movies/errors.ts';
import type { Item } from '../../dynamo/movie-item.ts';
import type { Refusal, WriteBatch } from './load-movies.ts';

export interface BatchWriterDeps {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /** 0 to 1, for the jitter between attempts. */
  readonly random?: () => number;
  /** Called when the database did not take all of a batch and it is sent again. */
  readonly onRetry?: () => void;
}

/** Full jitter: any wait up to a bound that doubles. 14 attempts last about 40 s on average, then the load stops. */
const maxAttempts = 14;
const backoffMs = { first: 50, most: 10_000 };

export function createBatchWriter({
  client,
  tableName,
  random = Math.random,
  onRetry,
}: BatchWriterDeps): WriteBatch {
  /** What the database left over; all of it when it was too busy for the whole batch. */
  const send = async (requests: WriteRequest[]): Promise<WriteRequest[]> => {
    try {
      const answer = await client.send(
        new BatchWriteItemCommand({
          RequestItems: { [tableName]: requests },
          ReturnConsumedCapacity: 'TOTAL',
        }),
      );
      return answer.UnprocessedItems?.[tableName] ?? [];
    } catch (error) {
      if (toMovieError(error) instanceof Throttled) return requests;
      throw toWriteError(error);
    }
  };

  const writeAll = async (items: readonly Item[]): Promise<void> => {
    let pending: WriteRequest[] = items.map((item) => ({ PutRequest: { Item: item } }));
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      pending = await send(pending);
      if (pending.length === 0) return;
      onRetry?.();
      await delay(random() * Math.min(backoffMs.most, backoffMs.first * 2 ** attempt));
    }
    throw new Throttled(`The table took only a part of a batch in ${maxAttempts} attempts.`);
  };

  /** One item that DynamoDB refuses fails its whole batch, so a failed batch is written one by one. */
  const writeBatch = async (items: readonly Item[]): Promise<readonly Refusal[]> => {
    try {
      await writeAll(items);
      return [];
    } catch (error) {
      if (!(error instanceof InvalidMovie)) throw error;
      const [item, ...others] = items;
      if (item === undefined || others.length === 0)
        return item === undefined ? [] : [{ item, reason: error.message }];
      const refusals: Refusal[] = [];
      for (const single of items) refusals.push(...(await writeBatch([single])));
      return refusals;
    }
  };
  return writeBatch;
}
