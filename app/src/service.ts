import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { createApp, createStages } from './app.ts';
import type { AuthConfig, Config } from './config.ts';
import { answerBrokenRequests } from './http/broken-requests.ts';
import { refuseEveryone } from './http/authenticate.ts';
import { loadValidator } from './http/contract-validator.ts';
import { createDiscovery, type DiscoverIssuer } from './http/issuer.ts';
import { closeServer, createHttpServer, listen } from './http/server.ts';
import { createTokenVerifier, type RememberedTokens, rememberTokens } from './http/tokens.ts';
import { createSigningKeys } from './http/signing-keys.ts';
import { createCursors } from './movies/cursor.ts';
import type { DynamoCall } from './dynamo/calls.ts';
import { callMs, createDynamoClient } from './dynamo/client.ts';
import { createDynamoRepository } from './dynamo/repository.ts';
import { createMovieCache } from './movies/movie-cache.ts';
import { createMetrics, createMetricsServer } from './telemetry/metrics.ts';
import { createTracing, traceHeaders, type Spans } from './telemetry/tracing.ts';

export interface Service {
  readonly port: number;
  readonly metricsPort: number;
  /**
   * Reports itself as not ready at once, goes on serving for the drain delay, then finishes what is in flight. Resolves
   * within the shutdown timeout.
   */
  stop(): Promise<void>;
}

export interface StartOptions {
  /** For tests of what a stage reaches. */
  readonly stages?: typeof createStages;
}

/** Puts the service together and listens, for the public and for the scraper of metrics. */
export async function startService(
  config: Config,
  logger: Logger,
  { stages = createStages }: StartOptions = {},
): Promise<Service> {
  const { table, limits, host } = config;
  const metrics = createMetrics();
  const spans = await startSpans(config, logger);
  const tracing = createTracing(spans);
  const traceCall = (call: DynamoCall) => {
    tracing.current()?.span?.called(call);
  };
  const client = createDynamoClient(
    {
      region: table.region,
      ...(table.endpoint === undefined ? {} : { endpoint: table.endpoint }),
      requestTimeoutMs: table.timeoutMs,
      maxAttempts: table.maxAttempts,
      concurrency: table.concurrency,
    },
    (call) => {
      metrics.dynamoCalled(call);
      traceCall(call);
    },
    () => {
      const trace = tracing.current();
      return trace === undefined ? {} : traceHeaders(trace);
    },
  );

  let isDraining = false;
  const deps = {
    repository: createMovieCache(
      createDynamoRepository({
        client,
        tableName: table.name,
        deadlineMs: callMs(table),
        tellReader: traceCall,
      }),
      { ...config.cache, observe: metrics.movieRead },
    ),
    cursors: createCursors(config.cursorSecrets),
    ...createGate(config.auth, logger),
    lifecycle: { isDraining: () => isDraining },
    logger,
    metrics,
    tracing,
    newId: randomUUID,
    config,
  };
  const server = createHttpServer(createApp(deps, stages(deps)), limits);
  answerBrokenRequests(server, deps);
  const metricsServer = createMetricsServer(metrics.registry);
  // The first answer is a probe's, which comes before users do and takes no validator. Those find it loaded.
  let loading: Promise<unknown> | undefined;
  server.once('request', (_request, response) => {
    response.once('close', () => {
      loading = loadValidator();
    });
  });
  const port = await listen(server, config.port, host);
  const metricsPort = await listen(metricsServer, config.metricsPort, host);
  // Its version is in each line.
  const { commit, builtAt } = config.build;
  const { name, region } = table;
  logger.info({ port, metricsPort, table: name, region, commit, builtAt }, 'listening');

  return {
    port,
    metricsPort,
    async stop() {
      isDraining = true;
      const { drainDelayMs, shutdownTimeoutMs } = limits;
      logger.info({ drainDelayMs }, 'draining');
      await delay(drainDelayMs);
      await loading;
      const finished = await closeServer(server, Math.max(0, shutdownTimeoutMs - drainDelayMs));
      await closeServer(metricsServer, 0);
      client.destroy();
      await spans?.stop();
      logger[finished ? 'info' : 'warn']({ finished }, 'stopped');
    },
  };
}

/** Loaded only where traces are exported: OpenTelemetry costs start time and memory that nobody else should pay. */
async function startSpans(
  { tracing, serviceName, build, table }: Config,
  logger: Logger,
): Promise<Spans | undefined> {
  if (tracing === undefined) return undefined;
  const { createSpans } = await import('./telemetry/spans.ts');
  return createSpans(
    { ...tracing, service: serviceName, version: build.version, region: table.region },
    logger,
  );
}

interface Gate {
  readonly tokens: RememberedTokens | 'everyone';
  readonly discover?: DiscoverIssuer;
}

/** Who gets in. Without an issuer nobody does, unless the opposite was asked for in so many words. */
function createGate(auth: AuthConfig, logger: Logger): Gate {
  if (auth.kind === 'open') {
    logger.warn(
      'ALLOW_ANONYMOUS IS SET: ANYBODY CAN READ AND CHANGE ALL MOVIES. This is for local play only.',
    );
    return { tokens: 'everyone' };
  }
  if (auth.kind === 'closed') {
    logger.warn('OIDC_ISSUER is not set: every request for movies is refused.');
    return { tokens: { verify: refuseEveryone, recall: () => undefined, forget: () => undefined } };
  }
  const { issuer, audiences, jwksUri, jwksCooldownMs, rememberMs } = auth;
  const discover = createDiscovery(issuer);
  const keys = createSigningKeys({
    jwksUri: async () => (jwksUri === undefined ? (await discover()).jwksUri : new URL(jwksUri)),
    cooldownMs: jwksCooldownMs,
    renewed: () => {
      tokens.forget();
    },
  });
  const verify = createTokenVerifier({ issuer, audiences, keys });
  const tokens = rememberTokens(verify, { ttlMs: rememberMs });
  return { tokens, discover };
}
