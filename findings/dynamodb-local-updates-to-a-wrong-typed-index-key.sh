#!/usr/bin/env bash
# DynamoDB Local 2.6.1 lets UpdateItem set the key of an index to a value of another type, and refuses the same item in PutItem. DynamoDB documents ValidationException for both; dynalite 4.0.0 and moto 5.2.5 refuse the update.
# Seen: PutItem ValidationException, UpdateItem stored; the item is in no answer of the index
set -euo pipefail
work="$(mktemp -d)"
server=
stop() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap stop EXIT
cd "$work"
cat >pom.xml <<'XML'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies><dependency><groupId>com.amazonaws</groupId><artifactId>DynamoDBLocal</artifactId><version>2.6.1</version></dependency></dependencies>
</project>
XML
mvn --quiet --batch-mode org.apache.maven.plugins:maven-dependency-plugin:3.6.0:copy-dependencies -DoutputDirectory=lib
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @aws-sdk/client-dynamodb@3.1164.0
port="$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')"
java -Djava.library.path=lib -cp 'lib/*' com.amazonaws.services.dynamodbv2.local.main.ServerRunner -inMemory -disableTelemetry -port "$port" >server.log 2>&1 &
server=$!
for _ in $(seq 60); do curl -s -o /dev/null "http://127.0.0.1:$port" && break; sleep 0.5; done
cat >run.js <<'JAVASCRIPT'
import { CreateTableCommand, DynamoDBClient, PutItemCommand, QueryCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';

const client = new DynamoDBClient({
  endpoint: `http://127.0.0.1:${process.argv[2]}`,
  region: 'eu-west-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
});
const TableName = 'movies';
await client.send(
  new CreateTableCommand({
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [{ AttributeName: 'year', KeyType: 'HASH' }],
    AttributeDefinitions: [
      { AttributeName: 'year', AttributeType: 'N' },
      { AttributeName: 'rating', AttributeType: 'N' },
    ],
    GlobalSecondaryIndexes: [
      { IndexName: 'by-rating', KeySchema: [{ AttributeName: 'rating', KeyType: 'HASH' }], Projection: { ProjectionType: 'ALL' } },
    ],
  }),
);
const year = { N: '1994' };
const rating = { S: 'good' };
const outcome = (command) =>
  client.send(command).then(
    () => 'stored',
    ({ name }) => name,
  );
const put = await outcome(new PutItemCommand({ TableName, Item: { year, rating } }));
await client.send(new PutItemCommand({ TableName, Item: { year, rating: { N: '7' } } }));
const update = await outcome(
  new UpdateItemCommand({ TableName, Key: { year }, UpdateExpression: 'SET rating = :rating', ExpressionAttributeValues: { ':rating': rating } }),
);
const { Count } = await client.send(
  new QueryCommand({ TableName, IndexName: 'by-rating', KeyConditionExpression: 'rating = :rating', ExpressionAttributeValues: { ':rating': { N: '7' } } }),
);
console.log(`DynamoDB Local 2.6.1: PutItem ${put}, UpdateItem ${update}, found by the old key: ${Count}`);
process.exit(put === 'ValidationException' && update === 'stored' && Count === 0 ? 0 : 1);
JAVASCRIPT
node run.js "$port"
