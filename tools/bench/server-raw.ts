import { createServer } from 'node:http';
import { benchMovie, loopback, port } from './server-movies.ts';

/** Rival: `node:http` alone, the movie in memory. */
const body = JSON.stringify(benchMovie);
createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end(body);
}).listen(port, loopback);
