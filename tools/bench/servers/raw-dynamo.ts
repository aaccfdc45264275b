import { createServer } from 'node:http';
import { loopback, settings } from './settings.ts';
import { stockSdk } from './stock-sdk.ts';

/** Rival: `node:http` and the AWS SDK as it comes, no cache. One movie by its path, or a page of a year. */
const { find, list } = stockSdk();

async function answer(url: string): Promise<unknown> {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const [, , year, title] = pathname.split('/');
  if (year !== undefined && title !== undefined) return find(year, decodeURIComponent(title));
  return { movies: await list(searchParams.get('year') ?? '', Number(searchParams.get('limit'))) };
}

createServer((request, response) => {
  answer(request.url ?? '').then(
    (found) => {
      const body = JSON.stringify(found);
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
        .end(body);
    },
    () => response.writeHead(500).end(),
  );
}).listen(settings().port, loopback);
