import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import {
  GetItemCommand,
  PutItemCommand,
  type AttributeValue,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { createTableWriter } from '../../../app/src/commands/database.ts';
import { loadMovies, recordsOf } from '../../../app/src/commands/load/load-movies.ts';
import { ensureTable } from '../../../app/src/local/create-table.ts';
import { createDynamoClient } from '../../../app/src/dynamo/client.ts';
import type { DynamoCall } from '../../../app/src/dynamo/calls.ts';
import { toItem } from '../../../app/src/dynamo/movie-item.ts';
import {
  type Movie,
  type MovieFilter,
  type MovieRepository,
  type Position,
  revisionOf,
} from '../../../app/src/movies/movie.ts';
import { createDynamoRepository } from '../../../app/src/dynamo/repository.ts';

export interface Engine {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** A repository on an engine, with an empty table for each test. */
export interface RepositoryContext {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly repository: MovieRepository;
  /** Every call of the database in this test, in the order of their ends. */
  readonly calls: DynamoCall[];
  putForeign(item: Record<string, AttributeValue>): Promise<unknown>;
  readItem(key: Record<string, AttributeValue>): Promise<Record<string, AttributeValue>>;
  createAll(movies: readonly Movie[]): Promise<unknown>;
  /** Follows `next` to the end; fails rather than going round for ever. */
  listAll(filter: MovieFilter, limit: number): Promise<Movie[]>;
}

const maxPages = 300;
/** A loaded machine is slow, and a test has more in flight than a service would allow. */
const patience = { requestTimeoutMs: 10_000, maxWaiting: 2_000, maxWaitMs: 20_000 };

export function useRepository(startEngine: () => Promise<Engine>): RepositoryContext {
  let engine: Engine;
  let client: DynamoDBClient;
  let repository: MovieRepository;
  let tableName = '';
  let tables = 0;
  const calls: DynamoCall[] = [];

  beforeAll(async () => {
    engine = await startEngine();
    const settings = { region: 'eu-west-1', endpoint: engine.endpoint, ...patience };
    client = createDynamoClient(settings, (call) => calls.push(call));
  }, 60_000);

  beforeEach(async () => {
    tables += 1;
    tableName = `movies-${tables}`;
    await ensureTable(client, tableName);
    repository = createDynamoRepository({ client, tableName, deadlineMs: 20_000 });
    calls.length = 0;
  });

  afterAll(async () => {
    client.destroy();
    await engine.stop();
  });

  return {
    get client() {
      return client;
    },
    get tableName() {
      return tableName;
    },
    get repository() {
      return repository;
    },
    calls,
    putForeign: (item) => client.send(new PutItemCommand({ TableName: tableName, Item: item })),
    async readItem(key) {
      const { Item: item } = await client.send(new GetItemCommand({ TableName: tableName, Key: key }));
      return item ?? {};
    },
    // As the loader does: many movies in few requests.
    createAll: (movies) =>
      loadMovies(recordsOf(movies), createTableWriter({ client, tableName }), {
        check: ({ text }) => {
          const movie = JSON.parse(text) as Movie;
          return { item: toItem({ movie, revision: revisionOf(movie) }) };
        },
      }),
    async listAll(filter, limit) {
      const all: Movie[] = [];
      let from: Position | undefined;
      for (let page = 0; page < maxPages; page += 1) {
        const { movies, next } = await repository.list(filter, limit, from);
        all.push(...movies);
        if (next === undefined) return all;
        from = next;
      }
      throw new Error(`The list does not end within ${maxPages} pages.`);
    },
  };
}
