import type { RequestListener, ServerResponse } from 'node:http';
import { NotFound } from '../movies/errors.ts';
import type { Known, MovieCache, SerialisedMovie } from '../movies/movie-cache.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import { createIdentification } from './authenticate.ts';
import { requireScope } from './authorize.ts';
import { noCache, ownCacheOnly } from './cache-control.ts';
import { toEntityTag } from './entity-tag.ts';
import { describeProblem, toProblem } from './errors.ts';
import type { Lifecycle } from './health.ts';
import type { Observe } from './observe-requests.ts';
import { readPlainly, type PlainRead } from './plain-read.ts';
import type { RememberedTokens } from './remembered-tokens.ts';
import type { CreateContext, RequestContext } from './request-context.ts';
import { dataHeaders } from './security-headers.ts';
import { endWithJson, jsonType } from './send-json.ts';
import type { TakePlace } from './shed-load.ts';
import type { Caller } from './token-verifier.ts';

export interface PlainAnswersDeps {
  readonly movies: Pick<MovieCache, 'recall' | 'findRecent'>;
  readonly tokens: Pick<RememberedTokens, 'recall' | 'verify'>;
  readonly takePlace: TakePlace;
  readonly lifecycle: Lifecycle;
  readonly tracing: Pick<Tracing, 'run'>;
  readonly createContext: CreateContext;
  readonly observe: Observe;
}

const route = () => '/movies/{year}/{title}';

/**
 * The stage in front of all others. It answers plain reads, from memory or from the table; every other request goes on to
 * `next`, which would give these the very same answer.
 */
export function answerPlainReads(
  { movies, tokens, takePlace, lifecycle, tracing, createContext, observe }: PlainAnswersDeps,
  next: RequestListener,
): RequestListener {
  const { answer, refuse } = createAnswers();
  const identify = createIdentification(tokens.verify);

  const find = async (
    read: PlainRead,
    caller: Caller | undefined,
    response: ServerResponse,
  ): Promise<SerialisedMovie> => {
    takePlace(response);
    requireScope(caller ?? (await identify(read.headers.get('authorization'))), 'movies/read');
    return movies.findRecent(read.key);
  };

  return (request, response) => {
    const read = lifecycle.isDraining() ? undefined : readPlainly(request);
    const caller = read === undefined ? undefined : tokens.recall(read.token);
    const mayRead = caller?.scopes.has('movies/read') === true;
    const known = read !== undefined && mayRead ? movies.recall(read.key) : undefined;
    if (read === undefined || !isPlain(read, known)) {
      next(request, response);
      return;
    }
    const context = createContext({
      requestId: read.headers.get('x-request-id'),
      traceparent: read.headers.get('traceparent'),
      tracestate: read.headers.get('tracestate'),
    });
    observe(request, response, context, route);
    if (known instanceof NotFound) {
      refuse(response, read, context, known);
      return;
    }
    if (known !== undefined) {
      answer(response, read, context, known);
      return;
    }
    void tracing
      .run(context.trace, () => find(read, caller, response))
      .then(
        (found) => {
          answer(response, read, context, found);
        },
        (error: unknown) => {
          refuse(response, read, context, error);
        },
      )
      .catch((error: unknown) => {
        context.failure = error;
        response.destroy();
      });
  };
}

/** A list of tags, a weak one or `*` takes more than a look, and any tag more than a guess. */
function isPlain({ headers }: PlainRead, known: Known | undefined): boolean {
  const tag = headers.get('if-none-match');
  if (tag === undefined) return true;
  return known !== undefined && !(known instanceof NotFound) && tag === toEntityTag(known.revision);
}

/** All that is the same for each answer is put together once. */
function createAnswers() {
  const security = [...dataHeaders()].flat();
  const forMovies = [...security, ...Object.entries(ownCacheOnly).flat()];
  const forProblems = [...security, 'Content-Type', 'application/problem+json; charset=utf-8'];

  return {
    answer: (
      response: ServerResponse,
      { headers }: PlainRead,
      { requestId }: RequestContext,
      movie: SerialisedMovie,
    ): void => {
      const named = [...forMovies, 'ETag', toEntityTag(movie.revision), 'X-Request-Id', requestId];
      if (headers.has('if-none-match')) {
        response.writeHead(304, named).end();
        return;
      }
      const length = String(movie.jsonBytes);
      response.writeHead(200, [...named, 'Content-Type', jsonType, 'Content-Length', length]);
      endWithJson(response, movie);
    },

    /** As `answerErrors` of the chain. */
    refuse: (response: ServerResponse, read: PlainRead, context: RequestContext, error: unknown): void => {
      const problem = toProblem(error);
      if (problem.status >= 500) context.failure = error;
      const address = `http://${read.headers.get('host') ?? ''}${read.path}`;
      const body = JSON.stringify(describeProblem(problem, read.path, address, context.requestId));
      const given = Object.entries({ ...noCache, ...problem.headers }).flat();
      const length = String(Buffer.byteLength(body));
      const named = [...forProblems, ...given, 'Content-Length', length, 'X-Request-Id', context.requestId];
      response.writeHead(problem.status, named).end(body);
    },
  };
}
