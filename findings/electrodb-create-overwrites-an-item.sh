#!/usr/bin/env bash
# electrodb 3.9.3 overwrites an item by create() with a condition of two halves joined by OR: the condition is appended to attribute_not_exists without parentheses, and AND binds more strongly. Its documentation says that create never overwrites; scan puts the same condition in parentheses.
# Seen: attribute_not_exists(#pk) AND … AND #genre = :genre0 OR #rating > :rating0; Speed, 1994 has lost its plot
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts electrodb@3.9.3 dynalite@4.0.0 @aws-sdk/client-dynamodb@3.1164.0
cat >run.js <<'JAVASCRIPT'
import { once } from 'node:events';
import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { Entity } from 'electrodb';

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
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }, { AttributeName: 'sk', KeyType: 'RANGE' }],
    AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
  }),
);
await waitUntilTableExists({ client, maxWaitTime: 20, minDelay: 1, maxDelay: 1 }, { TableName });
const attributes = { year: { type: 'number' }, title: { type: 'string' }, rating: { type: 'number' }, genre: { type: 'string' }, plot: { type: 'string' } };
const primary = { pk: { field: 'pk', composite: ['year'] }, sk: { field: 'sk', composite: ['title'] } };
const model = { entity: 'movie', version: '1', service: 'movies' };
const movies = new Entity({ model, attributes, indexes: { primary } }, { client, table: TableName });

const key = { year: 1994, title: 'Speed' };
await movies.create({ ...key, rating: 8, plot: 'A bus must not stop.' }).go();
const again = movies.create({ ...key, rating: 1 }).where(({ genre, rating }, { eq, gt }) => `${eq(genre, 'action')} OR ${gt(rating, 5)}`);
console.log(again.params().ConditionExpression);
const created = await again.go().then(() => 'created', (error) => error.message);
const { data } = await movies.get(key).go();
console.log('a second create of one key:', created, data);
process.exit(created === 'created' && data.rating === 1 && data.plot === undefined ? 0 : 1);
JAVASCRIPT
node run.js
