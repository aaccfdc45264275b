import { DynamoDBClient, GetItemCommand, QueryCommand, type AttributeValue } from '@aws-sdk/client-dynamodb';
import { fromItem } from '../../../app/src/dynamo/movie-item.ts';
import type { Movie } from '../../../app/src/movies/movie.ts';
import { settings } from './settings.ts';

const table = { TableName: 'movies' };

/** The AWS SDK as it comes. Its items become movies by the same function as ours, so that only the client differs. */
export function stockSdk() {
  const client = new DynamoDBClient({
    region: 'eu-west-1',
    endpoint: settings().dynamoDb,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  return {
    find: async (year: number | string, title: string): Promise<Movie | undefined> => {
      const Key: Record<string, AttributeValue> = { year: { N: String(year) }, title: { S: title } };
      const { Item } = await client.send(new GetItemCommand({ ...table, Key, ConsistentRead: true }));
      return Item === undefined ? undefined : fromItem(Item).movie;
    },

    list: async (year: string, limit: number): Promise<Movie[]> => {
      const { Items = [] } = await client.send(
        new QueryCommand({
          ...table,
          Limit: limit,
          KeyConditionExpression: '#year = :year',
          ExpressionAttributeNames: { '#year': 'year' },
          ExpressionAttributeValues: { ':year': { N: year } },
        }),
      );
      return Items.map((item) => fromItem(item).movie);
    },
  };
}
