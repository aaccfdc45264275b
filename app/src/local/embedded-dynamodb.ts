import { mkdirSync } from 'node:fs';
import { ClassicLevel } from 'classic-level';
import dynalite from 'dynalite';
import { Problem, reasonOf, textOf } from '../commands/problem.ts';
import { shownPath } from '../commands/terminal.ts';
import { closeServer, listenOnLoopback } from './listen.ts';

export interface EmbeddedDynamoDb {
  /** For the SDK's `endpoint`; any region and any credentials will do. */
  readonly endpoint: string;
  stop(): Promise<void>;
}

export interface EmbeddedDynamoDbOptions {
  /** 0, the default, takes a free port. */
  readonly port?: number;
  /** Where the data outlives the process; in memory when absent. One process at a time can have it open. */
  readonly dataDir?: string;
}

/** DynamoDB's API over LevelDB, inside this process and reachable from this machine only. */
export async function startEmbeddedDynamoDb(
  options: EmbeddedDynamoDbOptions = {},
): Promise<EmbeddedDynamoDb> {
  const { port = 0, dataDir } = options;
  if (dataDir !== undefined) await ensureUsable(dataDir);
  const server = dynalite({
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
    ...(dataDir === undefined ? {} : { path: dataDir }),
  });
  const { url } = await listenOnLoopback(server, port);
  await listTables(url);
  return { endpoint: url, stop: () => closeServer(server) };
}

/** Its answer means that the store is open, and that no other process can open it any more. */
async function listTables(url: string): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'DynamoDB_20120810.ListTables',
      'x-amz-date': '20000101T000000Z',
      // dynalite looks at the form of a signature, not at the signature.
      authorization: 'AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=f, Signature=g',
    },
    body: '{}',
  });
  if (!answer.ok) throw new Error(`The embedded DynamoDB does not answer: ${await answer.text()}`);
}

/** dynalite opens its store in the background and can't report what goes wrong there, so find out before. */
async function ensureUsable(dataDir: string): Promise<void> {
  mkdirSync(dataDir, { recursive: true });
  const store = new ClassicLevel(dataDir);
  try {
    await store.open();
    await store.close();
  } catch (error) {
    const isInUse = error instanceof Error && textOf(error.cause, 'code') === 'LEVEL_LOCKED';
    throw new Problem(
      isInUse
        ? `The data in ${shownPath(dataDir)} is in use: another \`make run\` has it open.`
        : `The data in ${shownPath(dataDir)} can't be opened: ${reasonOf(error)}.`,
      'Stop the other one, or keep the data of this one elsewhere: DATA_DIR=.data-2 make run',
      { cause: error },
    );
  }
}
