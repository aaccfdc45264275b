import { asksForFresh, noCache, ownCacheOnly } from './cache-control.ts';
import type { components } from './contract.gen.ts';
import { allowedRevisions, isUnchanged, toEntityTag } from './entity-tag.ts';
import { handle } from './operation.ts';
import { HttpProblem, badRequest } from './problem.ts';
import { sendJson } from './send-json.ts';
import type { ApiResponse } from './stages.ts';
import type { Cursors } from '../movies/cursor.ts';
import { PreconditionFailed } from '../movies/errors.ts';
import { toJsonText } from '../movies/json-text.ts';
import { mergePatch } from '../movies/merge-patch.ts';
import { movieAddress } from '../movies/movie-address.ts';
import { listQuery, nextAddress } from '../movies/movie-query.ts';
import type { MovieCache } from '../movies/movie-cache.ts';
import type { Expected } from '../movies/movie-repository.ts';
import type { Movie, MovieInfo, MovieKey, StoredMovie } from '../movies/movie.ts';

export interface MovieRoutesDeps {
  readonly repository: MovieCache;
  readonly cursors: Cursors;
}

/** The operations on movies. They stand behind authentication and validation. */
export function createMovieRoutes({ repository, cursors }: MovieRoutesDeps) {
  /** The one revision that may be changed. A list is rare: which of it is stored now decides. */
  const expectedRevision = async (ifMatch: string, key: MovieKey): Promise<Expected> => {
    const allowed = allowedRevisions(ifMatch);
    if (allowed === 'any') return allowed;
    const [first, ...others] = allowed;
    if (first !== undefined && others.length === 0) return first;
    const { revision } = await repository.find(key);
    if (allowed.includes(revision)) return revision;
    throw new PreconditionFailed('The movie is another revision than those that If-Match names.');
  };

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

    find: handle('getMovie', async ({ path, header }, response, { headers }) => {
      const stored = await (asksForFresh(headers) ? repository.findFresh(path) : repository.findRecent(path));
      const known = header('If-None-Match');
      const isKnown = known !== undefined && isUnchanged(known, stored.revision);
      setHeaders(response, { ...ownCacheOnly, ETag: toEntityTag(stored.revision) });
      if (isKnown) {
        response.statusCode = 304;
        response.end();
      } else sendJson(response, stored);
    }),

    replace: handle('replaceMovie', async ({ path, header, body }, response) => {
      const ifMatch = header('If-Match');
      if (ifMatch === undefined) {
        throw new HttpProblem(
          428,
          'Send the ETag that you have seen as If-Match, or * to replace anything.',
          {
            faults: [{ in: 'header', field: 'If-Match', message: 'is required' }],
          },
        );
      }
      refuseOtherKey(path, body);
      const expected = await expectedRevision(ifMatch, path);
      answerWritten(response, await repository.replace({ ...path, info: body.info }, expected));
    }),

    patch: handle('patchMovie', async ({ path, header, body }, response) => {
      refuseOtherKey(path, body);
      const expected = await expectedRevision(header('If-Match') ?? '*', path);
      const change = (movie: Movie): Movie => ({
        ...movie,
        // The contract's patch makes a MovieInfo of a MovieInfo.
        info: mergePatch(movie.info, body.info ?? {}) as MovieInfo,
      });
      answerWritten(response, await repository.update(path, expected, change));
    }),

    remove: handle('removeMovie', async ({ path, header }, response) => {
      const expected = await expectedRevision(header('If-Match') ?? '*', path);
      await repository.remove(path, expected);
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
