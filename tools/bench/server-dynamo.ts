import { createServer } from 'node:http';
import { toItem } from '../../app/src/dynamo/movie-item.ts';
import { revisionOf } from '../../app/src/movies/movie.ts';
import { benchMovie, loopback, port } from './server-movies.ts';

/**
 * A DynamoDB that answers a constant at once, because every local engine is slower than what is measured in front of it.
 * It throttles each call whose key says so.
 */
const item = toItem({ movie: benchMovie, revision: revisionOf(benchMovie) });
const units = (CapacityUnits: number) => ({ TableName: 'movies', CapacityUnits });
const json = (answer: unknown) => Buffer.from(JSON.stringify(answer));

const page = (limit: number) => {
  const Items = Array.from({ length: limit }, () => item);
  return json({ Count: limit, ScannedCount: limit, Items, ConsumedCapacity: units(1.5) });
};
const pages = new Map([20, 100].map((limit) => [limit, page(limit)]));
const one = json({ Item: item, ConsumedCapacity: units(1) });
const written = json({ UnprocessedItems: {}, ConsumedCapacity: units(3) });
const throttled = json({
  __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException',
  message: 'The level of configured provisioned throughput for the table was exceeded.',
});

interface Key {
  readonly title: { readonly S: string };
}
const isThrottled = ({ title }: Key) => title.S.includes('Throttled');

/** As an error where all keys are throttled; else those are what is left to ask for. */
function batch(body: string): Buffer {
  // The measured servers ask for nothing but movies.
  const { RequestItems } = JSON.parse(body) as { RequestItems: { movies: { Keys: Key[] } } };
  const { Keys } = RequestItems.movies;
  const found = Keys.filter((key) => !isThrottled(key));
  if (found.length === 0) return throttled;
  return json({
    Responses: { movies: found.map((key) => ({ ...item, ...key })) },
    UnprocessedKeys: found.length === Keys.length ? {} : { movies: { Keys: Keys.filter(isThrottled) } },
    ConsumedCapacity: [units(found.length)],
  });
}

function answerTo(target: string, body: string): Buffer {
  if (target.endsWith('.BatchGetItem')) return batch(body);
  if (body.includes('Throttled')) return throttled;
  if (target.endsWith('.GetItem')) return one;
  if (/\.(Query|Scan)$/.test(target)) return pages.get(Number(/"Limit":(\d+)/.exec(body)?.[1])) ?? page(1);
  return written;
}

createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const answer = answerTo(String(request.headers['x-amz-target']), Buffer.concat(chunks).toString());
    response
      .writeHead(answer === throttled ? 400 : 200, {
        'content-type': 'application/x-amz-json-1.0',
        'content-length': answer.length,
        'x-amzn-requestid': 'CONSTANT',
      })
      .end(answer);
  });
}).listen(port, loopback);
