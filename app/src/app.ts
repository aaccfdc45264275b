import type { RequestListener } from 'node:http';
import express from 'express';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { authenticate, letEveryoneIn } from './http/authenticate.ts';
import { authorize } from './http/authorize.ts';
import { allowedMethods, operationsByRoute, readContract } from './http/contract.ts';
import { answerContract, createDocs } from './http/docs.ts';
import { answerErrors, answerNotFound, refuseOtherMethods } from './http/errors.ts';
import {
  answerLiveness,
  answerReadiness,
  closeConnectionsWhileDraining,
  type Lifecycle,
} from './http/health.ts';
import type { DiscoverIssuer } from './http/issuer.ts';
import { createObserver, observeRequests } from './http/observe-requests.ts';
import { answerPlainReads } from './http/plain-answers.ts';
import { refuseRepeats } from './http/refuse-repeats.ts';
import type { RememberedTokens } from './http/remembered-tokens.ts';
import { createContexts, openContext } from './http/request-context.ts';
import { setSecurityHeaders } from './http/security-headers.ts';
import { answerEcho, answerVersion, answerWelcome, leadToContract } from './http/service-routes.ts';
import { createPlaces, shedLoad } from './http/shed-load.ts';
import { validate } from './http/validate.ts';
import type { Cursors } from './movies/cursor.ts';
import type { MovieCache } from './movies/movie-cache.ts';
import { createOriginalRoutes } from './http/original-routes.ts';
import { createMovieRoutes } from './http/movie-routes.ts';
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
  readonly config: Pick<Config, 'build' | 'limits' | 'swaggerClientId'>;
}

/** What a request passes, in order. Strangers are refused before anything of theirs is read, and so learn no schema. */
export function createApp(deps: AppDeps): RequestListener {
  const { repository, cursors, tokens, discover, lifecycle, logger, metrics, tracing, newId, config } = deps;
  const contract = readContract();
  const checked = validate(contract);
  const docs = {
    contract,
    ...(discover === undefined ? {} : { discover }),
    ...(config.swaggerClientId === undefined ? {} : { clientId: config.swaggerClientId }),
  };
  const identified =
    tokens === 'everyone' ? letEveryoneIn(['movies/read', 'movies/write']) : authenticate(tokens.verify);
  const reader = [identified, authorize('movies/read')];
  const writer = [identified, authorize('movies/write')];
  const movies = createMovieRoutes({ repository, cursors });
  const original = createOriginalRoutes(repository);
  const createContext = createContexts(tracing, newId);
  const observe = createObserver(logger, metrics);
  const takePlace = createPlaces(config.limits.requestsInFlight, metrics);

  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  // `/movies/` is another resource than `/movies`: the first version's.
  app.enable('strict routing');
  // Express's own last resort shows stack traces unless it is told so.
  app.set('env', 'production');

  app.use(openContext(createContext, tracing), setSecurityHeaders(), observeRequests(observe));
  app.use(closeConnectionsWhileDraining(lifecycle), refuseRepeats);

  // Before load is shed: who asks for health gets an answer in any case.
  app.get('/healthz', checked, answerLiveness);
  app.get(
    '/readyz',
    checked,
    answerReadiness(() => repository.ready(), lifecycle),
  );
  app.use(shedLoad(takePlace));

  app.get('/', checked, answerWelcome);
  app.get('/version', checked, answerVersion(config.build));
  app.get('/openapi.json', checked, answerContract(docs));
  app.get('/api/docs', (_request, response) => {
    response.redirect(301, '/api/docs/');
  });
  app.use('/api/docs/', createDocs(docs));

  app.get('/movies', reader, checked, movies.list);
  app.post('/movies', writer, checked, movies.create);
  app.get('/movies/:year/:title', reader, checked, movies.find);
  app.put('/movies/:year/:title', writer, checked, movies.replace);
  app.patch('/movies/:year/:title', writer, checked, movies.patch);
  app.delete('/movies/:year/:title', writer, checked, movies.remove);

  app.get('/movies/', reader, checked, original.find);
  app.post('/movies/', writer, checked, original.create);
  for (const method of ['get', 'post', 'put', 'patch', 'delete'] as const) {
    app[method]('/echo', checked, answerEcho);
  }
  app.get('/static/swagger.json', checked, leadToContract);

  app.use('/movies', identified);
  for (const [route, operations] of operationsByRoute(contract)) {
    app.all(route, refuseOtherMethods(allowedMethods(operations)));
  }
  app.use(answerNotFound);
  app.use(answerErrors);

  if (tokens === 'everyone') return app;
  const front = { movies: repository, tokens, takePlace, lifecycle, tracing, createContext, observe };
  return answerPlainReads(front, app);
}
