import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, test } from '@jest/globals';
import { createDynamoClient } from '../../app/src/movies/dynamo-client.ts';

/** Each fails the day that the SDK no longer does by default what is left out here (ADR 0175). */
describe('what the SDK does by default for each call, and this client does not', () => {
  const partsOf = (client: DynamoDBClient): string => client.middlewareStack.identify().join('\n');

  test.each(['loggerMiddleware', 'getUserAgentMiddleware', 'recursionDetectionMiddleware'])(
    '%s is left out',
    (name) => {
      expect(partsOf(new DynamoDBClient({ region: 'eu-west-1' }))).toContain(name);
      expect(partsOf(createDynamoClient({ region: 'eu-west-1' }))).not.toContain(name);
    },
  );

  test('a signer is made once, not for each call', async () => {
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    const stock = new DynamoDBClient({ region: 'eu-west-1', credentials }).config;
    const ours = createDynamoClient({ region: 'eu-west-1', endpoint: 'http://127.0.0.1:1' }).config;

    expect(await stock.signer()).not.toBe(await stock.signer());
    expect(await ours.signer()).toBe(await ours.signer());
  });
});

test('each request says who sent it and is signed', async () => {
  const heard: IncomingHttpHeaders[] = [];
  const database = createServer((request, response) => {
    heard.push(request.headers);
    response.setHeader('content-type', 'application/x-amz-json-1.0').end('{"TableNames":[]}');
  }).listen(0, '127.0.0.1');
  await once(database, 'listening');
  const { port } = database.address() as AddressInfo;
  const client = createDynamoClient({ region: 'eu-west-1', endpoint: `http://127.0.0.1:${port}` });
  try {
    await client.send(new ListTablesCommand({}));
  } finally {
    client.destroy();
    database.close();
  }

  expect(heard).toMatchObject([
    {
      'user-agent': expect.stringMatching(/^movies-api\/\d+\.\d+\.\d+ aws-sdk-js\/3$/),
      authorization: expect.stringMatching(
        /^AWS4-HMAC-SHA256 Credential=local\/\d{8}\/eu-west-1\/dynamodb\/aws4_request, /,
      ),
    },
  ]);
});
