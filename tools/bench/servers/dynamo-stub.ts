import { createServer } from 'node:http';
import { toItem } from '../../../app/src/dynamo/movie-item.ts';
import { revisionOf } from '../../../app/src/movies/revision.ts';
import { benchMovie } from './movies.ts';
import { loopback, settings } from './settings.ts';

/**
 * Answers every call of DynamoDB's API with a constant, because every local engine is slower than what is measured in
 * front of it: at once, or LATENCY_MS later, as a network and a database have it.
 */
const maxPage = 100;
const latencyMs = Number(process.env['LATENCY_MS'] ?? 0);

const itemOf = (index: number) => {
  const movie = benchMovie(index);
  return toItem({ movie, revision: revisionOf(movie) });
};
const units = (CapacityUnits: number) => ({ TableName: 'movies', CapacityUnits });
const pages = new Map<number, Buffer>();

/** As many items as are asked for, no more to come. */
function page(limit: number): Buffer {
  const known = pages.get(limit);
  if (known !== undefined) return known;
  const Items = Array.from({ length: Math.min(limit, maxPage) }, (_, index) => itemOf(index));
  const answer = Buffer.from(
    JSON.stringify({ Count: Items.length, ScannedCount: Items.length, Items, ConsumedCapacity: units(1.5) }),
  );
  pages.set(limit, answer);
  return answer;
}

const oneItem = Buffer.from(JSON.stringify({ Item: itemOf(0), ConsumedCapacity: units(1) }));
const written = Buffer.from(JSON.stringify({ UnprocessedItems: {}, ConsumedCapacity: units(3) }));

function answerTo(target: string, body: string): Buffer {
  if (target.endsWith('.GetItem')) return oneItem;
  if (!/\.(Query|Scan)$/.test(target)) return written;
  return page(Number(/"Limit":(\d+)/.exec(body)?.[1] ?? maxPage));
}

createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const target = String(request.headers['x-amz-target']);
    const answer = answerTo(target, /\.(Query|Scan)$/.test(target) ? Buffer.concat(chunks).toString() : '');
    const send = () =>
      response
        .writeHead(200, {
          'content-type': 'application/x-amz-json-1.0',
          'content-length': answer.length,
          'x-amzn-requestid': 'CONSTANT',
        })
        .end(answer);
    if (latencyMs === 0) send();
    else setTimeout(send, latencyMs);
  });
}).listen(settings().port, loopback);
