import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { expect, test } from '@jest/globals';
import { createDynamoClient } from '../../app/src/movies/dynamo-client.ts';

const logging = expect.stringContaining('loggerMiddleware');
const partsOf = (client: DynamoDBClient): string[] => client.middlewareStack.identify();

test('answers are not walked through for a log that nobody keeps, as the SDK does by default', () => {
  const stock = new DynamoDBClient({ region: 'eu-west-1' });
  const ours = createDynamoClient({ region: 'eu-west-1' });

  expect(partsOf(stock)).toContainEqual(logging);
  expect(partsOf(ours)).not.toContainEqual(logging);
});
