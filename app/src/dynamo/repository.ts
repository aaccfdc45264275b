import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { Conflict, NotFound, PreconditionFailed } from '../movies/errors.ts';
import {
  type Expected,
  type Movie,
  type MovieKey,
  type MovieRepository,
  revisionOf,
  type StoredMovie,
} from '../movies/movie.ts';
import {
  capacityUnits,
  type DynamoCall,
  isConditionFailure,
  retriesOf,
  toMovieError,
  toWriteError,
} from './calls.ts';
import { absent, type Condition, present, unchangedSince, withRevision } from './expression.ts';
import { withDeadline } from './limits.ts';
import { canExist, fromItem, type Item, keyOf, patchItem, toItem } from './movie-item.ts';
import { listMovies, type ReadItems } from './movie-list.ts';
import { type ReadItem, shareReads } from './shared-reads.ts';

export interface DynamoRepositoryDeps {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /** Of one call, all its attempts and waiting included. */
  readonly deadlineMs?: number;
  readonly readyTimeoutMs?: number;
  readonly readyCacheMs?: number;
  /** Told of a call that answered several readers, in the context of each. The client's observer is told once. */
  readonly tellReader?: (call: DynamoCall) => void;
  /** 0 to 1, for the jitter between attempts. */
  readonly random?: () => number;
}

/** No movie is from the year 0: reading this key costs half a unit and tells whether the table answers. */
const probeKey = keyOf({ year: 0, title: 'ready?' });
const maxUpdateAttempts = 32;
const updateBackoffMs = { first: 5, most: 200 };

export function createDynamoRepository({
  client,
  tableName,
  deadlineMs = 3_000,
  readyTimeoutMs = 1_000,
  readyCacheMs = 1_000,
  random = Math.random,
  tellReader = () => undefined,
}: DynamoRepositoryDeps): MovieRepository {
  const table = { TableName: tableName, ReturnConsumedCapacity: 'TOTAL' } as const;
  const inTime = <T>(call: () => Promise<T>): Promise<T> => withDeadline(deadlineMs, call);

  const readAlone: ReadItem = async (key) => {
    const command = new GetItemCommand({ ...table, Key: keyOf(key), ConsistentRead: true });
    return (await client.send(command)).Item;
  };
  const readShared = shareReads({ client, tableName, deadlineMs, readAlone, tellReader, random });

  /** Strongly consistent: a movie is there as soon as its 201 is, and an edit starts from the latest revision. */
  const readItem = async (key: MovieKey): Promise<Item> => {
    if (!canExist(key)) throw missing(key);
    const item = await inTime(() => readShared(key)).catch(rethrow(toMovieError));
    if (item === undefined) throw missing(key);
    return item;
  };

  /**
   * Whether the condition held. A write whose answer got lost is sent again by the SDK and then meets its own result,
   * so after a retry `landed` has the last word on a failed condition.
   */
  const attempt = async (write: () => Promise<unknown>, landed: () => Promise<boolean>): Promise<boolean> => {
    try {
      await write();
      return true;
    } catch (error) {
      if (!isConditionFailure(error)) throw toWriteError(error);
      return retriesOf(error) > 0 && (await landed());
    }
  };

  const putItem = (item: Item, { movie, revision }: StoredMovie, condition: Condition): Promise<boolean> => {
    const command = new PutItemCommand({ ...table, Item: item, ...condition });
    return attempt(
      () => inTime(() => client.send(command)),
      async () => fromItem(await readItem(movie)).revision === revision,
    );
  };
  const put = (stored: StoredMovie, condition: Condition) => putItem(toItem(stored), stored, condition);

  const remove = (key: MovieKey, condition: Condition): Promise<boolean> => {
    const command = new DeleteItemCommand({ ...table, Key: keyOf(key), ...condition });
    return attempt(
      () => inTime(() => client.send(command)),
      () =>
        readItem(key).then(
          () => false,
          (error: unknown) => isMissing(error),
        ),
    );
  };

  /** Writes over the expected revision, which an item of another writer has only by its content. */
  const writeOver = async (
    key: MovieKey,
    expected: Expected,
    write: (condition: Condition) => Promise<boolean>,
  ): Promise<void> => {
    if (!canExist(key)) throw missing(key);
    if (await write(expected === 'any' ? present() : withRevision(expected))) return;
    if (expected === 'any') throw missing(key);
    const item = await readItem(key);
    if (!isForeign(item) || fromItem(item).revision !== expected) throw stale(key);
    if (await write(unchangedSince(item))) return;
    throw isDeepStrictEqual(await readItem(key), item)
      ? new PreconditionFailed(cantCompare(key))
      : stale(key);
  };

  const readItems: ReadItems = async (path, limit, start) => {
    const request = {
      ...table,
      Limit: limit,
      ...(path.index === undefined ? {} : { IndexName: path.index }),
      ...(path.filter === undefined ? {} : { FilterExpression: path.filter }),
      ...(Object.keys(path.names).length === 0 ? {} : { ExpressionAttributeNames: path.names }),
      ...(Object.keys(path.values).length === 0 ? {} : { ExpressionAttributeValues: path.values }),
      ...(start === undefined ? {} : { ExclusiveStartKey: start }),
    };
    const query = { KeyConditionExpression: path.keyCondition, ScanIndexForward: !path.descending };
    const answer = await inTime(() =>
      path.keyCondition === undefined
        ? client.send(new ScanCommand(request))
        : client.send(new QueryCommand({ ...request, ...query })),
    ).catch(rethrow(toMovieError));
    return {
      items: answer.Items ?? [],
      read: answer.ScannedCount ?? 0,
      units: capacityUnits(answer),
      ...(answer.LastEvaluatedKey === undefined ? {} : { lastKey: answer.LastEvaluatedKey }),
    };
  };

  const ready = createReadiness(
    async () => {
      const command = new GetItemCommand({ ...table, Key: probeKey });
      await withDeadline(readyTimeoutMs, () => client.send(command), { needsNoPlace: true }).catch(
        rethrow(toMovieError),
      );
    },
    { cacheMs: readyCacheMs },
  );

  return {
    find: async (key) => fromItem(await readItem(key)),

    list: (filter, limit, from) => listMovies(readItems, filter, limit, from),

    async create(movie) {
      const stored = withItsRevision(movie);
      if (await put(stored, absent())) return stored;
      throw new Conflict(`The movie ${describe(movie)} exists already.`);
    },

    async replace(movie, expected) {
      const stored = withItsRevision(movie);
      await writeOver(movie, expected, (condition) => put(stored, condition));
      return stored;
    },

    async update(key, expected, patch) {
      let before: Item | undefined;
      for (let attempts = 0; attempts < maxUpdateAttempts; attempts += 1) {
        const item = await readItem(key);
        if (expected !== 'any' && expected !== fromItem(item).revision) throw stale(key);
        if (isForeign(item) && isDeepStrictEqual(item, before)) throw new Conflict(cantCompare(key));
        const patched = patchItem(item, patch);
        if (await putItem(patched.item, patched.stored, unchangedSince(item))) return patched.stored;
        before = item;
        const bound = Math.min(updateBackoffMs.most, updateBackoffMs.first * 2 ** attempts);
        await delay(random() * bound);
      }
      throw new Conflict(`Too many writers edit the movie ${describe(key)} at once. Try again.`);
    },

    remove: (key, expected) => writeOver(key, expected, (condition) => remove(key, condition)),

    ready,
  };
}

const isForeign = (item: Item) => item['revision'] === undefined;
const withItsRevision = (movie: Movie): StoredMovie => ({ movie, revision: revisionOf(movie) });

const describe = ({ year, title }: MovieKey) => `"${title}" (${year})`;
const missing = (key: MovieKey) => new NotFound(`There is no movie ${describe(key)}.`);
const stale = (key: MovieKey) =>
  new PreconditionFailed(
    `The movie ${describe(key)} is another revision than the one that was expected. Read it again and repeat the change.`,
  );
/** The embedded database finds no two maps equal. */
const cantCompare = (key: MovieKey) =>
  `The movie ${describe(key)} was written by something else than this service, and this database can't tell whether it is unchanged. Replace it whole: PUT with If-Match: *.`;
const isMissing = (error: unknown) => {
  if (error instanceof NotFound) return true;
  throw error;
};

const rethrow = (translate: (error: unknown) => Error) => (error: unknown) => {
  throw translate(error);
};

export interface ReadinessSettings {
  /** How long one answer, good or bad, stands for the next callers. */
  readonly cacheMs: number;
  /** Milliseconds on any clock that only goes forward. */
  readonly now?: () => number;
}

/** One probe at a time, its answer shared by all who ask meanwhile and for `cacheMs` after: never a stampede. */
export function createReadiness(
  probe: () => Promise<void>,
  { cacheMs, now = () => performance.now() }: ReadinessSettings,
): () => Promise<void> {
  let answer: Promise<void> | undefined;
  let staleAt = Infinity;
  return () => {
    if (answer !== undefined && now() < staleAt) return answer;
    staleAt = Infinity;
    const settle = () => {
      staleAt = now() + cacheMs;
    };
    answer = probe();
    answer.then(settle, settle);
    return answer;
  };
}
