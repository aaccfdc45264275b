import express from 'express';
import { benchMovie, loopback, port } from './server-movies.ts';

/** Rival: Express 5 as it comes, one route, the movie in memory. */
const app = express();
app.get('/movies/:year/:title', (_request, response) => {
  response.json(benchMovie);
});
app.listen(port, loopback);
