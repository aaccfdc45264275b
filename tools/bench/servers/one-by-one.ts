import { createInterface } from 'node:readline';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { toItem } from '../../../app/src/dynamo/movie-item.ts';
import type { Movie } from '../../../app/src/movies/movie.ts';
import { revisionOf } from '../../../app/src/movies/revision.ts';
import { settings } from './settings.ts';

/**
 * Rival: what the original loader does, which is one PutItem at a time, awaited, by the AWS SDK as it comes. Movies come
 * as JSON lines on standard input; the last line that it prints is like the last one of our loader. Its items are made
 * by the same function as ours, so that both write the same bytes.
 */
const client = new DynamoDBClient({
  region: 'eu-west-1',
  endpoint: settings().dynamoDb,
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
});
const startedAt = performance.now();
let loaded = 0;
for await (const line of createInterface({ input: process.stdin })) {
  // The feed prints movies.
  const movie = JSON.parse(line) as Movie;
  const Item = toItem({ movie, revision: revisionOf(movie) });
  await client.send(new PutItemCommand({ TableName: 'movies', Item }));
  loaded += 1;
}
console.log(`${loaded} loaded (${(loaded / (performance.now() - startedAt)) * 1_000}/s)`);
client.destroy();
