import { createServer, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { DynamoDBClient, GetItemCommand, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { fromItem, toItem } from '../../app/src/dynamo/movie-item.ts';
import { type Movie, revisionOf } from '../../app/src/movies/movie.ts';
import { dynamoDb, loopback, port } from './server-movies.ts';

/**
 * Rival: `node:http` and the AWS SDK as it comes; no token, no validation, no log, nothing remembered. Items become movies by
 * the same functions as ours, and writes have the same conditions, so that only what is around them differs.
 */
const client = new DynamoDBClient({
  region: 'eu-west-1',
  endpoint: dynamoDb,
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
});
const TableName = 'movies';

async function find(year: string, title: string) {
  const Key = { year: { N: year }, title: { S: title } };
  const { Item = {} } = await client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
  return fromItem(Item);
}

async function page(year: string, Limit: number): Promise<Movie[]> {
  const { Items = [] } = await client.send(
    new QueryCommand({
      TableName,
      Limit,
      KeyConditionExpression: '#year = :year',
      ExpressionAttributeNames: { '#year': 'year' },
      ExpressionAttributeValues: { ':year': { N: year } },
    }),
  );
  return Items.map((item) => fromItem(item).movie);
}

async function put(movie: Movie, expected?: string): Promise<Movie> {
  const Item = toItem({ movie, revision: revisionOf(movie) });
  const condition =
    expected === undefined
      ? { ConditionExpression: 'attribute_not_exists(title)' }
      : {
          ConditionExpression: 'revision = :expected',
          ExpressionAttributeValues: { ':expected': { S: expected } },
        };
  await client.send(new PutItemCommand({ TableName, Item, ...condition }));
  return movie;
}

async function answer(request: IncomingMessage): Promise<unknown> {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
  const [, , year, title] = pathname.split('/');
  // The bench's own load sends movies and patches of them.
  if (request.method === 'POST') return put((await json(request)) as Movie);
  if (year === undefined || title === undefined)
    return { movies: await page(searchParams.get('year') ?? '', Number(searchParams.get('limit'))) };
  const { movie, revision } = await find(year, decodeURIComponent(title));
  if (request.method !== 'PATCH') return movie;
  const { info } = (await json(request)) as Pick<Movie, 'info'>;
  return put({ ...movie, info: { ...movie.info, ...info } }, revision);
}

createServer((request, response) => {
  answer(request).then(
    (found) => {
      const body = JSON.stringify(found);
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
        .end(body);
    },
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
}).listen(port, loopback);
