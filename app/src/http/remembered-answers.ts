import type { RequestListener, ServerResponse } from 'node:http';
import { NotFound } from '../movies/errors.ts';
import type { Known, MovieCache } from '../movies/movie-cache.ts';
import { noCache, ownCacheOnly } from './cache-control.ts';
import { toEntityTag } from './entity-tag.ts';
import { describeProblem } from './errors.ts';
import type { Lifecycle } from './health.ts';
import { describeJson, endWithJson } from './json-text.ts';
import type { Observe } from './observe-requests.ts';
import { readPlainly, type PlainRead } from './plain-read.ts';
import { HttpProblem } from './problem.ts';
import type { RememberedTokens } from './remembered-tokens.ts';
import type { CreateContext } from './request-context.ts';
import { dataHeaders } from './security-headers.ts';

export interface RememberedAnswersDeps {
  readonly movies: Pick<MovieCache, 'recall'>;
  readonly tokens: Pick<RememberedTokens, 'recall'>;
  readonly lifecycle: Lifecycle;
  readonly createContext: CreateContext;
  readonly observe: Observe;
}

const route = () => '/movies/{year}/{title}';

/**
 * The stage in front of all others. It answers a plain read whose token was verified and whose movie was read a moment
 * ago; every other request goes on to `next`, which would give these the very same answer.
 */
export function answerFromMemory(
  { movies, tokens, lifecycle, createContext, observe }: RememberedAnswersDeps,
  next: RequestListener,
): RequestListener {
  const answer = createAnswers();
  return (request, response) => {
    const read = lifecycle.isDraining() ? undefined : readPlainly(request);
    const mayRead = read !== undefined && tokens.recall(read.token)?.scopes.has('movies/read') === true;
    const known = mayRead ? movies.recall(read.key) : undefined;
    if (!mayRead || known === undefined || !isPlain(read, known)) {
      next(request, response);
      return;
    }
    const context = createContext({
      requestId: read.headers.get('x-request-id'),
      traceparent: read.headers.get('traceparent'),
      tracestate: read.headers.get('tracestate'),
    });
    observe(request, response, context, route);
    answer(response, known, read, request.url ?? '', context.requestId);
  };
}

/** A list of tags, a weak one or `*` takes more than a look. */
function isPlain({ headers }: PlainRead, known: Known): boolean {
  const tag = headers.get('if-none-match');
  return tag === undefined || (!(known instanceof NotFound) && tag === toEntityTag(known.revision));
}

/** All that is the same for each answer is put together once. */
function createAnswers() {
  const security = [...dataHeaders()].flat();
  const forMovies = [...security, ...Object.entries(ownCacheOnly).flat()];
  const forMissing = [
    ...security,
    ...Object.entries(noCache).flat(),
    'Content-Type',
    'application/problem+json; charset=utf-8',
  ];

  return (
    response: ServerResponse,
    known: Known,
    { headers }: PlainRead,
    path: string,
    requestId: string,
  ) => {
    if (known instanceof NotFound) {
      const address = `http://${headers.get('host') ?? ''}${path}`;
      const problem = describeProblem(new HttpProblem(404, known.message), path, address, requestId);
      const body = JSON.stringify(problem);
      const length = String(Buffer.byteLength(body));
      response.writeHead(404, [...forMissing, 'Content-Length', length, 'X-Request-Id', requestId]).end(body);
      return;
    }
    const named = [...forMovies, 'ETag', toEntityTag(known.revision), 'X-Request-Id', requestId];
    if (headers.has('if-none-match')) {
      response.writeHead(304, named).end();
      return;
    }
    response.writeHead(200, [...named, ...describeJson(known)]);
    endWithJson(response, known);
  };
}
