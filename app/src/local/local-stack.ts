import { resolve } from 'node:path';
import { startApiProcess } from './api-process.ts';
import { ensureTable } from './create-table.ts';
import { startEmbeddedDynamoDb } from './embedded-dynamodb.ts';
import { loadRealMovies } from './load-real-movies.ts';
import { claimPorts } from './listen.ts';
import type { Problem } from '../commands/problem.ts';
import { shownPath, type Paint } from '../commands/terminal.ts';
import { startPrometheus } from './prometheus.ts';
import type { StopStack } from './stop-stack.ts';
import { startTokenIssuer } from './token-issuer.ts';
import { createDynamoClient } from '../dynamo/client.ts';

const tableName = 'movies';
const region = 'eu-west-1';
const tokenHours = 12;

export interface RunOptions {
  readonly port: number;
  readonly metricsPort: number;
  readonly issuerPort: number;
  readonly dynamodbPort: number;
  readonly dataDir: string;
  /** Also a Prometheus on the API's metrics. */
  readonly prometheus: boolean;
  readonly prometheusPort: number;
}

export interface LocalStack {
  readonly apiUrl: string;
  readonly metricsUrl: string;
  readonly issuer: string;
  /** For both scopes, alive for `tokenHours`. */
  readonly token: string;
  readonly logFile: string;
  readonly dataDir: string;
  readonly prometheusUrl?: string;
  /** Resolves with the reason when the API ends by itself. */
  readonly died: Promise<Problem>;
}

/** Starts database, data, issuer and API, in this order; each can be stopped through `stack` at any moment. */
export async function startLocalStack(
  options: RunOptions,
  stack: StopStack,
  say: (line: string) => void,
): Promise<LocalStack> {
  const [port = 0, metricsPort = 0, issuerPort = 0, dynamodbPort = 0, prometheusPort = 0] = await claimPorts([
    { service: 'the API', setting: 'PORT', port: options.port },
    { service: 'its metrics', setting: 'METRICS_PORT', port: options.metricsPort },
    { service: 'the token issuer', setting: 'ISSUER_PORT', port: options.issuerPort },
    { service: 'the embedded DynamoDB', setting: 'DYNAMODB_PORT', port: options.dynamodbPort },
    ...(options.prometheus
      ? [{ service: 'Prometheus', setting: 'PROMETHEUS_PORT', port: options.prometheusPort }]
      : []),
  ]);
  const dataDir = resolve(options.dataDir);

  const database = await startEmbeddedDynamoDb({ port: dynamodbPort, dataDir: resolve(dataDir, 'dynamodb') });
  stack.keep(() => database.stop());
  // A batch is 25 writes to three indexes of an engine that shares this process: it may take its time.
  const client = createDynamoClient({ region, endpoint: database.endpoint, requestTimeoutMs: 30_000 });
  stack.keep(() => {
    client.destroy();
  });
  const isNew = await ensureTable(client, tableName);
  const loadAbort = new AbortController();
  const loading = loadRealMovies({ client, tableName, isNew, dataDir, say, signal: loadAbort.signal });
  stack.keep(async () => {
    loadAbort.abort();
    await loading.catch(() => undefined);
  });
  await loading;

  const issuer = await startTokenIssuer({
    port: issuerPort,
    tokenTtlSeconds: tokenHours * 3600,
    // Its signature is a quarter as long as RS256's, which is kind to who pastes a token.
    algorithm: 'ES256',
  });
  stack.keep(() => issuer.stop());

  const apiUrl = `http://127.0.0.1:${port}`;
  const logFile = resolve(dataDir, 'api.log');
  const api = startApiProcess({
    url: apiUrl,
    logFile,
    settings: {
      TABLE_NAME: tableName,
      REGION: region,
      DYNAMODB_ENDPOINT: database.endpoint,
      HOST: '127.0.0.1',
      PORT: String(port),
      METRICS_PORT: String(metricsPort),
      OIDC_ISSUER: issuer.issuer,
      OIDC_AUDIENCE: issuer.audience,
      OIDC_SWAGGER_CLIENT_ID: issuer.swaggerClientId,
      DRAIN_DELAY_MS: '0',
    },
  });
  stack.keep(() => api.stop());
  await api.ready();
  if (options.prometheus) {
    const prometheus = await startPrometheus({
      port: prometheusPort,
      targets: [`127.0.0.1:${metricsPort}`],
      dataDir: resolve(dataDir, 'prometheus'),
    });
    stack.keep(() => prometheus.stop());
  }

  return {
    apiUrl,
    metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
    issuer: issuer.issuer,
    token: await issuer.token('movies/read movies/write'),
    logFile,
    dataDir,
    ...(options.prometheus ? { prometheusUrl: `http://127.0.0.1:${prometheusPort}` } : {}),
    died: api.died,
  };
}

/** Where everything is, and a command to paste. */
export function welcome(stack: LocalStack, seconds: number, paint: Paint): string {
  const { bold } = paint;
  const { apiUrl, metricsUrl, prometheusUrl, issuer, token, logFile, dataDir } = stack;
  return `
${bold('The movies API is running')}, after ${seconds.toFixed(1)} s.

  Swagger UI   ${bold(`${apiUrl}/api/docs`)}   press Authorize, then Try it out
  API          ${apiUrl}
  Metrics      ${metricsUrl}${prometheusUrl === undefined ? '' : `\n  Prometheus   ${prometheusUrl}/alerts`}
  Issuer       ${issuer}/.well-known/openid-configuration
  Log          ${shownPath(logFile)}

Paste this; the token lives for ${tokenHours} hours:

  curl -s '${apiUrl}/movies?year=1994&sort=rating&limit=5' -H 'Authorization: Bearer ${token}'

Ctrl-C stops everything. The data stays until ${bold(`rm -r ${shownPath(dataDir)}`)}.`;
}
