import { createServer } from 'node:http';
import { keyText, moviesByKey } from './movies.ts';
import { loopback, settings } from './settings.ts';

/** Rival: `node:http` and nothing else. What no framework can undercut. */
const movies = moviesByKey();

createServer((request, response) => {
  const [, , year = '', title = ''] = (request.url ?? '').split('/');
  const movie = movies.get(keyText(year, decodeURIComponent(title)));
  if (movie === undefined) {
    response.writeHead(404).end();
    return;
  }
  const body = JSON.stringify(movie);
  response
    .writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    .end(body);
}).listen(settings().port, loopback);
