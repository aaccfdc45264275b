import express from 'express';
import { keyText, moviesByKey } from './movies.ts';
import { loopback, settings } from './settings.ts';

/** Rival: Express 5 as it comes, one route. */
const movies = moviesByKey();
const app = express();

app.get('/movies/:year/:title', (request, response) => {
  const movie = movies.get(keyText(request.params.year, request.params.title));
  if (movie === undefined) {
    response.sendStatus(404);
    return;
  }
  response.json(movie);
});
app.listen(settings().port, loopback);
