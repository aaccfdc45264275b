#!/usr/bin/env bash
# dynalite 4.0.0 removes one element where one update removes two of a list. DynamoDB applies all removals to the list as it was; DynamoDB Local 2.6.1 and moto 5.2.5 leave an empty list.
# Seen: REMOVE actors[0], actors[1] of [Keanu, Sandra] leaves [Sandra]
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts dynalite@4.0.0 @aws-sdk/client-dynamodb@3.1164.0
cat >run.js <<'JAVASCRIPT'
import dynalite from 'dynalite';
import { once } from 'node:events';
import { CreateTableCommand, DynamoDBClient, PutItemCommand, UpdateItemCommand, waitUntilTableExists } from '@aws-sdk/client-dynamodb';

const server = dynalite({ createTableMs: 0 });
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const client = new DynamoDBClient({
  endpoint: `http://127.0.0.1:${server.address().port}`,
  region: 'eu-west-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
});
await client.send(
  new CreateTableCommand({
    TableName: 'movies',
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [{ AttributeName: 'title', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'title', AttributeType: 'S' }],
  }),
);
await waitUntilTableExists({ client, maxWaitTime: 20, minDelay: 1 }, { TableName: 'movies' });
const title = { S: 'Speed' };
await client.send(new PutItemCommand({ TableName: 'movies', Item: { title, actors: { L: [{ S: 'Keanu' }, { S: 'Sandra' }] } } }));
const { Attributes } = await client.send(
  new UpdateItemCommand({ TableName: 'movies', Key: { title }, UpdateExpression: 'REMOVE actors[0], actors[1]', ReturnValues: 'ALL_NEW' }),
);
const left = Attributes.actors.L.map(({ S }) => S);
console.log('dynalite 4.0.0: left of [Keanu, Sandra] after both were removed:', left);
process.exit(left.length === 1 && left[0] === 'Sandra' ? 0 : 1);
JAVASCRIPT
node run.js
