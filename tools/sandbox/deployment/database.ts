import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request as send, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ScanCommand,
  type ScanCommandOutput,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import { Problem } from '../../../app/src/commands/problem.ts';
import { isObject, objectOf, readJson, text } from '../call.ts';
import { type DatabaseFaults, noFaults } from './state.ts';
import { createDynamoClient } from '../../../app/src/dynamo/client.ts';
import { closeServer, listenOnLoopback } from '../../../app/src/local/listen.ts';
import { startEmbeddedDynamoDb } from '../../../app/src/local/embedded-dynamodb.ts';
import { loadRealMovies } from '../../../app/src/local/load-real-movies.ts';

export interface DatabaseLink {
  readonly url: string;
  readonly faults: () => DatabaseFaults;
  readonly set: (faults: DatabaseFaults) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Takes each call that passes: its action, with the service before it, and its body. */
export type TellCall = (action: string, body: Buffer) => void;

/**
 * Tells the emulated account what is asked of the tables beside it, each once: whether the role may do that is judged there.
 *
 * @param caller the role
 */
export function tellOfTables(emulator: string, caller: string): TellCall {
  const told = new Set<string>();
  return (action, body) => {
    const { TableName, IndexName, RequestItems } = readJson(body);
    for (const table of isObject(RequestItems) ? Object.keys(RequestItems) : [text(TableName)]) {
      const given = { TableName: table, ...(IndexName === undefined ? {} : { IndexName }) };
      const request = JSON.stringify({ caller, action, given, made: [] });
      if (told.has(request)) continue;
      told.add(request);
      void fetch(new URL('/_emulator/requests', emulator), { method: 'POST', body: request }).then(
        (answer) => answer.text(),
        () => told.delete(request),
      );
    }
  };
}

/** The way from the tasks to DynamoDB: passes everything on, unless it is told to be slow, to throttle or to be gone. */
export async function startDatabaseLink(
  target: string,
  random: () => number,
  tell: TellCall = () => undefined,
): Promise<DatabaseLink> {
  const agent = new Agent({ keepAlive: true });
  let faults = noFaults;
  const server = createServer((incoming, response) => {
    void answer(incoming, response).catch(() => response.destroy());
  });
  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await buffer(incoming);
    const { latencyMs, throttleRatio, throttledYear } = faults;
    if (latencyMs > 0) await pause(latencyMs);
    const isHot = throttledYear === undefined || body.includes(`{"N":"${throttledYear}"}`);
    if (isHot && random() < throttleRatio) {
      throttle(response, throttledYear === undefined ? 'AccountLimitExceeded' : 'KeyRangeThroughputExceeded');
      return;
    }
    const { method, url, headers } = incoming;
    tell(String(headers['x-amz-target']).replace(/^.*\./, 'dynamodb.'), body);
    const outgoing = send(new URL(url ?? '/', target), { method, headers, agent });
    outgoing.end(body);
    const [answered] = (await once(outgoing, 'response')) as [IncomingMessage];
    const content = await buffer(answered);
    response.writeHead(answered.statusCode ?? 502, { ...kept(answered), 'content-length': content.length });
    response.end(content);
  };
  const close = async (): Promise<void> => {
    if (server.listening) await closeServer(server);
  };

  const { url, port } = await listenOnLoopback(server, 0);
  return {
    url,
    faults: () => faults,
    set: async (wanted) => {
      faults = wanted;
      if (wanted.refuse) await close();
      else if (!server.listening) await listenOnLoopback(server, port);
    },
    stop: async () => {
      await close();
      agent.destroy();
    },
  };
}

function throttle(response: ServerResponse, limit: string): void {
  const code = 'ProvisionedThroughputExceededException';
  const body = JSON.stringify({
    __type: `com.amazonaws.dynamodb.v20120810#${code}`,
    message: 'Throttled on purpose.',
    ThrottlingReasons: [{ reason: `TableRead${limit}` }],
  });
  response
    .writeHead(400, { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-errortype': code })
    .end(body);
}

const kept = ({ headers }: IncomingMessage): Record<string, string | string[] | undefined> =>
  Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => !['connection', 'keep-alive', 'transfer-encoding', 'content-length'].includes(name),
    ),
  );

export interface Table {
  readonly endpoint: string;
  readonly stop: () => Promise<void>;
}

/**
 * The table that was applied, in an engine that bears traffic: keys, attributes and indexes are read from the control
 * plane. The emulator's own table answers some ten queries a second, and its account stands still meanwhile.
 */
export async function startTable(emulated: DynamoDBClient, name: string, region: string): Promise<Table> {
  const { Table: applied } = await emulated.send(new DescribeTableCommand({ TableName: name }));
  if (!applied) throw new Problem(`There is no table ${name}.`, 'Apply it first: make deploy-local.');
  const engine = await startEmbeddedDynamoDb();
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new DynamoDBClient({ region, endpoint: engine.endpoint, credentials });
  try {
    await client.send(new CreateTableCommand(shapeOf(applied)));
  } finally {
    client.destroy();
  }
  return engine;
}

/** What the account asks of its tables, and what this makes true of it: `dynamodb.<Action>`. */
export const restoringActions: readonly string[] = [
  'RestoreTableToPointInTime',
  'RestoreTableFromBackup',
  'DescribeTable',
].map((action) => `dynamodb.${action}`);

export interface Restores {
  /** Takes the answer of the account to a call of `restoringActions`; a restored table is CREATING until its items are there. */
  readonly complete: (asked: {
    readonly action: string;
    readonly request: string;
    readonly answer: string;
  }) => string;
  readonly stop: () => void;
}

/** Items of restored tables: those that the source holds when it is asked for, whatever time was named. */
export function createRestores(endpoint: string, region: string, say: (line: string) => void): Restores {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new DynamoDBClient({ region, endpoint, credentials });
  const underWay = new Set<string>();

  const copy = async (source: string, restored: TableDescription): Promise<void> => {
    const { TableName: target = '' } = restored;
    await client.send(new CreateTableCommand(shapeOf(restored)));
    let ExclusiveStartKey: ScanCommandOutput['LastEvaluatedKey'];
    do {
      const page = await client.send(new ScanCommand({ TableName: source, ExclusiveStartKey }));
      const puts = (page.Items ?? []).map((Item) => ({ PutRequest: { Item } }));
      for (let at = 0; at < puts.length; at += 25)
        await client.send(new BatchWriteItemCommand({ RequestItems: { [target]: puts.slice(at, at + 25) } }));
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey !== undefined);
  };

  return {
    complete: ({ action, request, answer }) => {
      const asked = readJson(Buffer.from(request));
      const told = readJson(Buffer.from(answer));
      const field = action === 'dynamodb.DescribeTable' ? 'Table' : 'TableDescription';
      const described = told[field];
      if (!isObject(described)) return answer;
      const name = text(described['TableName']);
      if (field === 'TableDescription') {
        const source = /table\/([^/]+)/.exec(text(asked['BackupArn']))?.[1] ?? text(asked['SourceTableName']);
        underWay.add(name);
        // The account's own form of a table is the client's.
        void copy(source, described as TableDescription)
          .catch((error: unknown) => {
            say(`${name} was not restored: ${String(error)}`);
          })
          .finally(() => underWay.delete(name));
      }
      if (!underWay.has(name)) return answer;
      const summary = { ...objectOf(described['RestoreSummary']), RestoreInProgress: true };
      return JSON.stringify({ [field]: { ...described, TableStatus: 'CREATING', RestoreSummary: summary } });
    },
    stop: () => {
      client.destroy();
    },
  };
}

function shapeOf(applied: TableDescription): CreateTableCommand['input'] {
  return {
    TableName: applied.TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: applied.AttributeDefinitions,
    KeySchema: applied.KeySchema,
    GlobalSecondaryIndexes: (applied.GlobalSecondaryIndexes ?? []).map(
      ({ IndexName, KeySchema, Projection }) => ({
        IndexName,
        KeySchema,
        Projection,
      }),
    ),
  };
}

export interface DataOptions {
  readonly home: string;
  readonly database: string;
  readonly region: string;
  readonly table: string;
  readonly say: (line: string) => void;
}

/** Loads real movies into the table that Terraform made, with the project's loader, unless they are there. */
export async function loadData({ home, database, region, table, say }: DataOptions): Promise<void> {
  const client = createDynamoClient({ region, endpoint: database, requestTimeoutMs: 30_000, concurrency: 4 });
  try {
    const { Count: count = 0 } = await client.send(new ScanCommand({ TableName: table, Limit: 1 }));
    const { signal } = new AbortController();
    await loadRealMovies({
      client,
      tableName: table,
      isNew: count === 0,
      dataDir: join(home, 'data'),
      say: (line) => {
        say(line);
      },
      signal,
    });
  } finally {
    client.destroy();
  }
}
