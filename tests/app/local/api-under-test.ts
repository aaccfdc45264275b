import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApiProcess } from '../../../app/src/local/api-process.ts';
import { ensureTable } from '../../../app/src/local/create-table.ts';
import { startEmbeddedDynamoDb } from '../../../app/src/local/embedded-dynamodb.ts';
import { claimPorts } from '../../../app/src/local/listen.ts';
import { startTokenIssuer, type TokenIssuer } from '../../../app/src/local/token-issuer.ts';
import { readVegaMovies } from '../../../app/src/local/vega-movies.ts';
import { createTableWriter } from '../../../app/src/commands/database.ts';
import { createMovieCheck, loadMovies, recordsOf } from '../../../app/src/commands/load/load-movies.ts';
import { createDynamoClient } from '../../../app/src/dynamo/client.ts';

const tableName = 'movies';
const region = 'eu-west-1';

export interface ApiUnderTest {
  readonly url: string;
  readonly issuer: TokenIssuer;
  readonly stop: () => Promise<void>;
}

/** The API as its real process, with the issuer and some real movies in memory: what `make run` starts, but lighter. */
export async function startApiUnderTest(movieCount = 200): Promise<ApiUnderTest> {
  const logDir = await mkdtemp(join(tmpdir(), 'api-under-test-'));
  const database = await startEmbeddedDynamoDb();
  const client = createDynamoClient({ region, endpoint: database.endpoint, requestTimeoutMs: 30_000 });
  await ensureTable(client, tableName);
  const { movies } = await readVegaMovies();
  await loadMovies(recordsOf(movies.slice(0, movieCount)), createTableWriter({ client, tableName }), {
    check: createMovieCheck(),
  });

  const issuer = await startTokenIssuer();
  const [port = 0, metricsPort = 0] = await claimPorts(
    ['PORT', 'METRICS_PORT'].map((setting) => ({ service: 'the API', setting, port: 0 })),
  );
  const url = `http://127.0.0.1:${port}`;
  const api = startApiProcess({
    url,
    logFile: join(logDir, 'api.log'),
    settings: {
      TABLE_NAME: tableName,
      REGION: region,
      DYNAMODB_ENDPOINT: database.endpoint,
      DYNAMODB_TIMEOUT_MS: '10000',
      HOST: '127.0.0.1',
      PORT: String(port),
      METRICS_PORT: String(metricsPort),
      OIDC_ISSUER: issuer.issuer,
      OIDC_AUDIENCE: issuer.audience,
      OIDC_SWAGGER_CLIENT_ID: issuer.swaggerClientId,
      DRAIN_DELAY_MS: '0',
    },
  });
  const stop = async () => {
    await api.stop();
    await issuer.stop();
    client.destroy();
    await database.stop();
    await rm(logDir, { recursive: true });
  };
  try {
    await api.ready();
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, issuer, stop };
}
