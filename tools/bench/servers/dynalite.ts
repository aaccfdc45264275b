import { ensureTable } from '../../../app/src/local/create-table.ts';
import { startEmbeddedDynamoDb } from '../../../app/src/local/embedded-dynamodb.ts';
import { createDynamoClient } from '../../../app/src/dynamo/client.ts';
import { settings } from './settings.ts';

/** A real engine, in memory, with an empty table. */
const { endpoint } = await startEmbeddedDynamoDb({ port: settings().port });
const client = createDynamoClient({ region: 'eu-west-1', endpoint });
await ensureTable(client, 'movies');
client.destroy();
process.send?.('ready');
