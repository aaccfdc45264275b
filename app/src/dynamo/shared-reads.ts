import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { BatchGetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { MovieError } from '../movies/errors.ts';
import type { MovieKey } from '../movies/movie.ts';
import { capacityUnits, type DynamoCall, isThrottling } from './calls.ts';
import { currentDeadline, silent, throttled, withDeadline } from './limits.ts';
import { type Item, keyOf } from './movie-item.ts';

/** One item, strongly consistent; undefined where there is none. It has the deadline that it is called in. */
export type ReadItem = (key: MovieKey) => Promise<Item | undefined>;

export interface SharedReadsDeps {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly deadlineMs: number;
  readonly readAlone: ReadItem;
  /** Told of the call that answered several readers, in the context of each. */
  readonly tellReader: (call: DynamoCall) => void;
  readonly random: () => number;
}

interface Answer {
  /** By name; undefined for what is missing. What is not here was not answered. */
  readonly items: ReadonlyMap<string, Item | undefined>;
  readonly call?: DynamoCall;
  /** Whether the database asked for fewer requests of what is not here. */
  readonly isThrottled: boolean;
}

interface Batch {
  readonly keys: Map<string, MovieKey>;
  readers: number;
  /** Undefined for who has asked alone. */
  readonly answer: Promise<Answer | undefined>;
  explain: () => MovieError;
}

/** A quarter of what DynamoDB takes at once: a reader pays a twenty-fifth of the call by then, and waits for the slowest. */
const maxKeys = 25;
/** As the SDK before its second attempt. */
const longestPauseMs = 50;

/**
 * Reads that are asked for in one turn of the event loop as one BatchGetItem, since half of what a read costs is the call. Who
 * asks alone gets a GetItem at once: nobody waits for others to come, and the busier the process is, the more come together.
 *
 * A batch is one attempt of each of its readers. Whoever it leaves without an answer goes on alone, so that a throttled key,
 * or whatever makes a batch fail, is the trouble of its own readers only.
 */
export function shareReads(deps: SharedReadsDeps): ReadItem {
  // A call of several readers is part of none of their traces and has none of their deadlines.
  const outside = AsyncLocalStorage.snapshot();
  let gathering: Batch | undefined;

  const gather = (): Batch => {
    const batch: Batch = {
      keys: new Map(),
      readers: 0,
      explain: silent,
      answer: new Promise((resolve) => {
        setImmediate(() => {
          if (gathering === batch) gathering = undefined;
          resolve(batch.readers === 1 ? undefined : outside(() => ask(deps, batch)));
        });
      }),
    };
    return batch;
  };

  return async (key) => {
    const name = nameOf(keyOf(key));
    const batch = (gathering ??= gather());
    batch.keys.set(name, key);
    batch.readers += 1;
    if (batch.keys.size === maxKeys) gathering = undefined;
    const deadline = currentDeadline();
    if (deadline !== undefined) deadline.explain = () => batch.explain();
    const answer = await batch.answer;
    if (answer?.items.has(name) === true) {
      if (answer.call !== undefined) deps.tellReader(answer.call);
      return answer.items.get(name);
    }
    if (deadline !== undefined) deadline.explain = answer?.isThrottled === true ? throttled : silent;
    if (answer !== undefined) {
      if (deadline !== undefined) deadline.attemptsMade = 1;
      await delay(deps.random() * longestPauseMs);
    }
    return deps.readAlone(key);
  };
}

/** Rejects with errors of the domain only: then no place was free for this call in time, nor would be for its readers. */
async function ask({ client, tableName, deadlineMs }: SharedReadsDeps, batch: Batch): Promise<Answer> {
  const startedAt = performance.now();
  const command = new BatchGetItemCommand({
    ReturnConsumedCapacity: 'TOTAL',
    RequestItems: { [tableName]: { Keys: [...batch.keys.values()].map(keyOf), ConsistentRead: true } },
  });
  try {
    const answer = await withDeadline(
      deadlineMs,
      (deadline) => {
        batch.explain = () => deadline.explain();
        return client.send(command);
      },
      { isShared: true },
    );
    const items = new Map<string, Item | undefined>([...batch.keys.keys()].map((name) => [name, undefined]));
    const unprocessed = answer.UnprocessedKeys?.[tableName]?.Keys ?? [];
    for (const key of unprocessed) items.delete(nameOf(key));
    for (const item of answer.Responses?.[tableName] ?? []) items.set(nameOf(item), item);
    const call = {
      operation: 'BatchGetItem',
      table: tableName,
      durationMs: performance.now() - startedAt,
      outcome: 'ok',
      retries: 0,
      consumedCapacity: capacityUnits(answer) / batch.readers,
    } as const;
    return { items, call, isThrottled: unprocessed.length > 0 };
  } catch (error) {
    if (error instanceof MovieError) throw error;
    return { items: new Map(), isThrottled: isThrottling(error) };
  }
}

const nameOf = ({ year, title }: Item): string => `${year?.N ?? ''} ${title?.S ?? ''}`;
