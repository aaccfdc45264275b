import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { join } from 'node:path';
import { loadRealMovies } from '../../../app/src/local/load-real-movies.ts';
import { createDynamoClient } from '../../../app/src/dynamo/client.ts';

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
