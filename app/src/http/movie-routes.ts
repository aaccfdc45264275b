import type { IncomingHttpHeaders } from 'node:http';
import type { Cursors } from '../movies/cursor.ts';
import { toJsonText } from '../movies/exact-json.ts';
import {
  type Expected,
  movieAddress,
  type MovieFilter,
  type MovieKey,
  type StoredMovie,
} from '../movies/movie.ts';
import type { MovieCache } from '../movies/movie-cache.ts';
import type { components, operations } from './contract.gen.ts';
import {
  expectedRevision,
  isUnchanged,
  readPreconditions,
  requireMatch,
  toEntityTag,
} from './preconditions.ts';
import { badRequest } from './problem.ts';
import { asksForFresh, noCache, ownCacheOnly, sendJson } from './send-json.ts';
import { type ApiResponse, handle } from './stages.ts';

export interface MovieRoutesDeps {
  readonly repository: MovieCache;
  readonly cursors: Cursors;
}

/** The operations on movies. They stand behind authentication and validation. */
export function createMovieRoutes({ repository, cursors }: MovieRoutesDeps) {
  const expected = (headers: IncomingHttpHeaders, key: MovieKey): Promise<Expected> =>
    expectedRevision(readPreconditions(headers), async () => (await repository.find(key)).revision);

  return {
    list: handle('listMovies', async ({ query }, response) => {
      const { filter, limit, cursor } = listQuery(query);
      const from = cursor === undefined ? undefined : cursors.decode(cursor, filter);
      const { movies, next } = await repository.list(filter, limit, from);
      setHeaders(response, ownCacheOnly);
      if (next === undefined) {
        sendJson(response, toJsonText({ movies }));
        return;
      }
      const address = nextAddress(filter, limit, cursors.encode(next, filter));
      setHeaders(response, { Link: `<${address}>; rel="next"` });
      sendJson(response, toJsonText({ movies, next: address }));
    }),

    create: handle('createMovie', async ({ body }, response) => {
      const stored = await repository.create(body);
      response.statusCode = 201;
      setHeaders(response, { Location: movieAddress(stored.movie) });
      answerWritten(response, stored);
    }),

    find: handle('getMovie', async ({ path }, response, { headers }) => {
      const preconditions = readPreconditions(headers);
      // What If-Match asks is compared with what is stored, not with what was.
      const isFresh = preconditions.match !== undefined || asksForFresh(headers);
      const stored = await (isFresh ? repository.findFresh(path) : repository.findRecent(path));
      requireMatch(preconditions, stored.revision);
      setHeaders(response, { ...ownCacheOnly, ETag: toEntityTag(stored.revision) });
      if (isUnchanged(preconditions, stored.revision)) {
        response.statusCode = 304;
        response.end();
      } else sendJson(response, stored);
    }),

    replace: handle('replaceMovie', async ({ path, body }, response, { headers }) => {
      refuseOtherKey(path, body);
      const movie = { ...path, info: body.info };
      answerWritten(response, await repository.replace(movie, await expected(headers, path)));
    }),

    patch: handle('patchMovie', async ({ path, body }, response, { headers }) => {
      refuseOtherKey(path, body);
      const patch = body.info ?? {};
      answerWritten(response, await repository.update(path, await expected(headers, path), patch));
    }),

    remove: handle('removeMovie', async ({ path }, response, { headers }) => {
      await repository.remove(path, await expected(headers, path));
      setHeaders(response, noCache);
      response.statusCode = 204;
      response.end();
    }),
  };
}

function answerWritten(response: ApiResponse, { movie, revision }: StoredMovie): void {
  setHeaders(response, { ...noCache, ETag: toEntityTag(revision) });
  sendJson(response, toJsonText(movie));
}

function setHeaders(response: ApiResponse, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}

/** A movie can't move: its year and title are its identity. */
function refuseOtherKey(path: MovieKey, body: components['schemas']['MoviePatch']): void {
  for (const name of ['year', 'title'] as const) {
    if (body[name] !== undefined && body[name] !== path[name]) {
      throw badRequest({ in: 'body', field: `/${name}`, message: `must be the ${name} of the address` });
    }
  }
}

type Query = NonNullable<operations['listMovies']['parameters']['query']>;

export interface ListQuery {
  readonly filter: MovieFilter;
  readonly limit: number;
  readonly cursor?: string;
}

const defaultLimit = 25;

/** What a list request asks for, and the one rule that its contract can't state: some filters need a year. */
function listQuery({ limit = defaultLimit, cursor, ...filter }: Query): ListQuery {
  for (const name of ['titlePrefix', 'sort'] as const) {
    if (filter[name] !== undefined && filter.year === undefined) {
      throw badRequest({ in: 'query', field: name, message: 'needs a year' });
    }
  }
  return { filter, limit, ...(cursor === undefined ? {} : { cursor }) };
}

/** The address of the next page: the same question, from there on. */
function nextAddress(filter: MovieFilter, limit: number, cursor: string): string {
  const query = new URLSearchParams({ ...textOf(filter), limit: String(limit), cursor });
  return `/movies?${query.toString()}`;
}

const textOf = (filter: MovieFilter): Record<string, string> =>
  Object.fromEntries(Object.entries(filter).map(([name, value]) => [name, String(value)]));
