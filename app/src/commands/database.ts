import { setTimeout as delay } from 'node:timers/promises';
import { BatchWriteItemCommand, type DynamoDBClient, type WriteRequest } from '@aws-sdk/client-dynamodb';
import { toMovieError, toWriteError } from '../dynamo/calls.ts';
import type { Item } from '../dynamo/movie-item.ts';
import { InvalidMovie, MovieError, Throttled } from '../movies/errors.ts';
import type { TableOptions } from './command.ts';
import type { Refusal, WriteBatch } from './load/load-movies.ts';
import { Misuse, Problem, textOf } from './problem.ts';

/** By the name or code of an error: what happened, and what to do. Each is something that the caller named wrongly or left out. */
const faultsOfTheCall: Readonly<
  Record<string, (target: TableOptions, actions: string, said: string) => readonly [string, string]>
> = {
  ResourceNotFoundException: ({ table = '', region, endpoint }) => [
    `There is no table ${table} in ${endpoint ?? region}.`,
    'Check --table, --region and --endpoint.',
  ],
  ValidationException: ({ table = '' }, _actions, said) => [
    `DynamoDB refuses the call, whatever the movie is: ${said}`,
    `Check that --table ${table} is a table of movies.`,
  ],
  CredentialsProviderError: () => [
    'There are no AWS credentials.',
    'Set AWS_PROFILE, or sign in with `aws sso login`.',
  ],
  AccessDeniedException: ({ table = '' }, actions) => [
    `The credentials may not write to ${table}.`,
    `${actions} is needed.`,
  ],
  UnrecognizedClientException: () => ['AWS does not know these credentials.', 'Sign in again.'],
  ExpiredTokenException: () => ['The AWS credentials have expired.', 'Sign in again.'],
  ECONNREFUSED: ({ endpoint = 'AWS' }) => [
    `Nothing answers at ${endpoint}.`,
    'Start it, or check --endpoint.',
  ],
};

/** An error of the database as what a person can do about it; any other error as it is. */
export function explainDatabase(error: unknown, target: TableOptions, actions: string): Error {
  // What the database said, where the domain has wrapped it.
  const root = error instanceof MovieError && error.cause !== undefined ? error.cause : error;
  const said = textOf(root, 'message');
  for (const name of [textOf(root, 'code'), textOf(root, 'name')]) {
    if (!Object.hasOwn(faultsOfTheCall, name)) continue;
    const [message = '', remedy = ''] = faultsOfTheCall[name]?.(target, actions, said) ?? [];
    return new Misuse(message, remedy, { cause: error });
  }
  if (!(error instanceof MovieError)) return error instanceof Error ? error : new Error(String(error));
  return new Problem(
    root === error ? error.message : `${error.message} ${said}`,
    'Run it again for the rest: what is done already stays as it is.',
    { cause: error },
  );
}

export interface TableWriterDeps {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /** 0 to 1, for the jitter between attempts. */
  readonly random?: () => number;
}

/** Full jitter: any wait up to a bound that doubles. 14 attempts last about 40 s on average, then the load stops. */
const maxAttempts = 14;
const backoffMs = { first: 50, most: 10_000 };
/** What DynamoDB says of one item that it can't hold. */
const isAboutTheItem = /item size|nesting level|numeric|digits|magnitude|empty/i;

/** Writes batches of movies into a table, again and again what it had no room for. */
export function createTableWriter({ client, tableName, random = Math.random }: TableWriterDeps): WriteBatch {
  let hasAccepted = false;

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

  /** Why the database refuses them, or nothing once it has them all. */
  const writeAll = async (items: readonly Item[]): Promise<InvalidMovie | undefined> => {
    let pending: WriteRequest[] = items.map((item) => ({ PutRequest: { Item: item } }));
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      try {
        pending = await send(pending);
      } catch (error) {
        if (error instanceof InvalidMovie) return error;
        throw error;
      }
      if (pending.length === 0) {
        hasAccepted = true;
        return undefined;
      }
      await delay(random() * Math.min(backoffMs.most, backoffMs.first * 2 ** attempt));
    }
    throw new Throttled(`The table took only a part of a batch in ${maxAttempts} attempts.`);
  };

  return async (items) => {
    if ((await writeAll(items)) === undefined) return [];
    // One item that DynamoDB refuses fails its whole batch, so a failed batch is written one by one.
    const refusals: Refusal[] = [];
    let refused: InvalidMovie | undefined;
    for (const item of items) {
      const refusal = await writeAll([item]);
      if (refusal === undefined) continue;
      refusals.push({ item, reason: refusal.message });
      if (!isAboutTheItem.test(refusal.message)) refused = refusal;
    }
    // A table that takes nothing is wrong itself: no movie is to be blamed.
    if (refused !== undefined && !hasAccepted) throw refused;
    return refusals;
  };
}
