import type { RequestListener } from 'node:http';
import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { authenticate, authorize, letEveryoneIn } from './http/authenticate.ts';
import { createFindOperation, readContract, type OperationId } from './http/contract.ts';
import { answerContract, createDocs, type DocsSettings } from './http/docs.ts';
import { answerError, answerNotFound } from './http/errors.ts';
import {
  answerLiveness,
  answerReadiness,
  closeConnectionsWhileDraining,
  type Lifecycle,
} from './http/health.ts';
import type { DiscoverIssuer } from './http/issuer.ts';
import { createMovieRoutes } from './http/movie-routes.ts';
import { observeRequests } from './http/observe-requests.ts';
import { type Answer, findInContract, inOrder, openContext, type Stage, withLocals } from './http/stages.ts';
import { answerEcho, answerVersion, answerWelcome, createOriginalRoutes } from './http/original-routes.ts';
import { createPlainReads } from './http/plain-reads.ts';
import type { RememberedTokens } from './http/tokens.ts';
import { readTarget, refuseAmbiguity, shedLoad } from './http/request-rules.ts';
import { setSecurityHeaders } from './http/security-headers.ts';
import { validate } from './http/validate.ts';
import type { Cursors } from './movies/cursor.ts';
import type { MovieCache } from './movies/movie-cache.ts';
import type { Metrics } from './telemetry/metrics.ts';
import type { Tracing } from './telemetry/tracing.ts';

export interface AppDeps {
  readonly repository: MovieCache;
  readonly cursors: Cursors;
  /** `everyone` is for local play only. */
  readonly tokens: RememberedTokens | 'everyone';
  /** Absent where there is no issuer. */
  readonly discover?: DiscoverIssuer;
  readonly lifecycle: Lifecycle;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly newId: () => string;
  readonly config: Pick<Config, 'auth' | 'build' | 'limits' | 'swaggerClientId'>;
}

const contract = readContract();
const findOperation = createFindOperation(contract);

/**
 * What every request passes, in this order, whatever it asks for and whoever dispatches it: a stage that is added here acts
 * on all of them. Strangers are refused before anything of theirs is read, and so learn no schema.
 */
export function createStages({
  tokens,
  lifecycle,
  logger,
  metrics,
  tracing,
  newId,
  config,
}: AppDeps): Stage[] {
  return [
    findInContract(findOperation),
    openContext(tracing, newId),
    setSecurityHeaders(),
    observeRequests(logger, metrics),
    closeConnectionsWhileDraining(lifecycle),
    refuseAmbiguity,
    shedLoad(config.limits.requestsInFlight, metrics),
    tokens === 'everyone' ? letEveryoneIn(['movies/read', 'movies/write']) : authenticate(tokens),
    authorize,
    validate(contract),
  ];
}

/** What each operation of the contract answers, behind all stages. */
function createAnswers(deps: AppDeps) {
  const { repository, cursors, lifecycle, config } = deps;
  const movies = createMovieRoutes({ repository, cursors });
  const original = createOriginalRoutes(repository);
  return {
    listMovies: movies.list,
    createMovie: movies.create,
    getMovie: movies.find,
    replaceMovie: movies.replace,
    patchMovie: movies.patch,
    removeMovie: movies.remove,

    getMovieWrapped: original.find,
    createMovieWrapped: original.create,
    echoGet: answerEcho,
    echoPost: answerEcho,
    echoPut: answerEcho,
    echoPatch: answerEcho,
    echoDelete: answerEcho,
    formerContract: answerContract(docsSettings(deps)),

    welcome: answerWelcome,
    version: answerVersion(config.build),
    liveness: answerLiveness(lifecycle),
    readiness: answerReadiness({
      ready: () => repository.ready(),
      discover:
        config.auth.kind === 'issuer' && config.auth.jwksUri === undefined ? deps.discover : undefined,
      lifecycle,
    }),
    contract: answerContract(docsSettings(deps)),
  } satisfies Record<OperationId, unknown>;
}

const docsSettings = ({ discover, config: { swaggerClientId } }: AppDeps): DocsSettings => ({
  contract,
  ...(discover === undefined ? {} : { discover }),
  ...(swaggerClientId === undefined ? {} : { clientId: swaggerClientId }),
});

/** @param stages those of `createStages`; a test may add its own */
export function createApp(deps: AppDeps, stages: readonly Stage[]): RequestListener {
  const pass = inOrder(stages);
  const answers = createAnswers(deps);
  const byExpress: Readonly<Record<OperationId, RequestHandler>> = answers;

  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // `/movies/` is another resource than `/movies`: the first version's.
  app.enable('strict routing').enable('case sensitive routing');
  // Express's own last resort shows stack traces unless it is told so.
  app.set('env', 'production');
  app.use(pass);
  app.use((request, response, next) => {
    const { operation } = response.locals.found ?? {};
    if (operation === undefined) next();
    else return byExpress[operation.id](request, response, next);
    return undefined;
  });
  app.get('/api/docs', (_request, response) => {
    response.redirect(301, '/api/docs/');
  });
  app.use('/api/docs/', createDocs(docsSettings(deps)));
  app.use(answerNotFound);
  const last: ErrorRequestHandler = (error, request, response, next) => {
    answerError(error, request, response);
    if (!response.writableEnded) next(error);
  };
  app.use(last);

  // Nearly all requests read movies, and Express alone takes longer for them than all that happens here.
  const withoutExpress = new Map<OperationId, Answer>([
    ['getMovie', answers.getMovie],
    ['listMovies', answers.listMovies],
  ]);
  const readPlainly = createPlainReads(findOperation);
  return (request, response) => {
    readTarget(request);
    const read = readPlainly(request);
    const answer = read === undefined ? undefined : withoutExpress.get(read.operation.id);
    if (read === undefined || answer === undefined) {
      app(request, response);
      return;
    }
    const { found, input } = read;
    const ours = withLocals(response, { found, input });
    const fail = (error: unknown) => {
      answerError(error, request, ours);
    };
    void pass(request, ours, (error) => {
      if (error === undefined) answer(request, ours).catch(fail);
      else fail(error);
    });
  };
}
