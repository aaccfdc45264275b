#!/usr/bin/env bash
# dynalite 4.0.0 ends a BatchGetItem at 1 MB and leaves the other keys unprocessed. DynamoDB documents 16 MB for one call; moto 5.2.5 answers 43 of the same 45 items.
# Seen: 3 of 45 items of 390 kB answered, 42 keys unprocessed
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts dynalite@4.0.0 @aws-sdk/client-dynamodb@3.1164.0
cat >run.js <<'JAVASCRIPT'
import { once } from 'node:events';
import {
  BatchGetItemCommand,
  CreateTableCommand,
  DynamoDBClient,
  PutItemCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';

const server = dynalite({ createTableMs: 0 }).listen(0, '127.0.0.1');
await once(server, 'listening');
const client = new DynamoDBClient({
  endpoint: `http://127.0.0.1:${server.address().port}`,
  region: 'eu-west-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
});
const TableName = 'movies';
await client.send(
  new CreateTableCommand({
    TableName,
    KeySchema: [{ AttributeName: 'title', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'title', AttributeType: 'S' }],
    BillingMode: 'PAY_PER_REQUEST',
  }),
);
await waitUntilTableExists({ client, maxWaitTime: 20, minDelay: 1, maxDelay: 1 }, { TableName });
const keys = Array.from({ length: 45 }, (_, at) => ({ title: { S: `movie ${at}` } }));
for (const key of keys)
  await client.send(new PutItemCommand({ TableName, Item: { ...key, plot: { S: 'x'.repeat(390_000) } } }));

const { Responses, UnprocessedKeys } = await client.send(
  new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: keys } } }),
);
const [answered, left] = [Responses[TableName].length, UnprocessedKeys[TableName].Keys.length];
console.log(`${answered} of ${keys.length} items of 390 kB answered, ${left} keys unprocessed`);
process.exit(answered === 3 && left === 42 ? 0 : 1);
JAVASCRIPT
node run.js
