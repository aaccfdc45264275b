import { fastify } from 'fastify';
import { keyText, moviesByKey } from './movies.ts';
import { loopback, settings } from './settings.ts';

/** Rival: Fastify 5 as it comes, one route with a schema for its parameters. */
const movies = moviesByKey();
const app = fastify();

const schema = {
  params: {
    type: 'object',
    required: ['year', 'title'],
    properties: { year: { type: 'integer' }, title: { type: 'string', minLength: 1 } },
  },
} as const;

app.get<{ Params: { year: number; title: string } }>('/movies/:year/:title', { schema }, (request, reply) => {
  const movie = movies.get(keyText(request.params.year, request.params.title));
  return movie === undefined ? reply.code(404).send() : reply.send(movie);
});
await app.listen({ port: settings().port, host: loopback });
