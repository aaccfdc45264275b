import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import { readConfig } from '../../app/src/config.ts';
import { createDynamoClient } from '../../app/src/dynamo/client.ts';
import { ensureTable } from '../../app/src/local/create-table.ts';
import { startEmbeddedDynamoDb } from '../../app/src/local/embedded-dynamodb.ts';
import { startTokenIssuer, type TokenIssuer } from '../../app/src/local/token-issuer.ts';
import { type Service, type StartOptions, startService } from '../../app/src/service.ts';
import { createLogger } from '../../app/src/telemetry/logger.ts';
import { createClient, promised, type Send } from './client.ts';
import { type DatabaseFront, startDatabaseFront } from './faulty-dynamodb.ts';

export interface Api {
  readonly port: number;
  readonly service: Service;
  /** As nobody. */
  readonly stranger: Send;
  /** With a token that grants nothing. */
  readonly nobody: Send;
  /** With a token for movies/read. */
  readonly reader: Send;
  /** With a token for both scopes. */
  readonly writer: Send;
  readonly metrics: Send;
  readonly issuer: TokenIssuer;
  readonly database: DatabaseFront;
  /** To put into the table what the API itself never would. */
  readonly table: { readonly client: DynamoDBClient; readonly name: string };
  /** What was logged so far, parsed. */
  readonly log: readonly Readonly<Record<string, unknown>>[];
  stop(): Promise<void>;
}

const tableName = 'movies';
const signingKey = createSigningKeys();

/** The real service with a real database and a real issuer, each on its own port; answers must match the contract. */
export async function startApi(
  settings: Readonly<Record<string, string>> = {},
  options: StartOptions = {},
): Promise<Api> {
  const engine = await startEmbeddedDynamoDb();
  const database = await startDatabaseFront(engine.endpoint);
  const issuer = await startTokenIssuer({ signingKey });
  const client = createDynamoClient({ region: 'eu-west-1', endpoint: engine.endpoint });
  await ensureTable(client, tableName);

  const log: Record<string, unknown>[] = [];
  const logger = createLogger(
    { level: 'info', service: 'movies-api', version: '0' },
    new Writable({
      write(line: Buffer, _encoding, done) {
        log.push(JSON.parse(line.toString()) as Record<string, unknown>);
        done();
      },
    }),
  );
  const config = readConfig({
    TABLE_NAME: tableName,
    HOST: '127.0.0.1',
    PORT: '0',
    METRICS_PORT: '0',
    DYNAMODB_ENDPOINT: database.endpoint,
    // Patient, since the machine may be busy with other tests.
    DYNAMODB_TIMEOUT_MS: '9000',
    OIDC_ISSUER: issuer.issuer,
    OIDC_AUDIENCE: `${issuer.audience},a-cognito-client`,
    OIDC_SWAGGER_CLIENT_ID: issuer.swaggerClientId,
    DRAIN_DELAY_MS: '0',
    ...settings,
  });
  const service = await startService(config, logger, options);
  const withToken = (token: string) =>
    promised(createClient(service.port, { authorization: `Bearer ${token}` }));
  const as = async (scope: string) => withToken(await issuer.token(scope));
  // Who asks the issuer for no scope gets all of them, as from Cognito.
  const { issuer: iss, audience: aud } = issuer;
  const withoutScope = { iss, aud, scope: '', exp: Math.floor(Date.now() / 1000) + 3600 };

  return {
    port: service.port,
    service,
    stranger: promised(createClient(service.port)),
    nobody: withToken(await issuer.sign(withoutScope)),
    reader: await as('movies/read'),
    writer: await as('movies/read movies/write'),
    metrics: createClient(service.metricsPort),
    issuer,
    database,
    table: { client, name: tableName },
    log,
    async stop() {
      await service.stop();
      client.destroy();
      await Promise.all([issuer.stop(), database.stop(), engine.stop()]);
    },
  };
}

const folder = join(import.meta.dirname, '../../.cache/test-keys');

/**
 * Gives RSA keys of this clone, each once. They are made when they are first asked for and kept: to look for two primes takes a
 * fifth of a second of processor, and every test file would look for some.
 */
export function createSigningKeys(): () => Promise<{ readonly privateKey: CryptoKey }> {
  let given = 0;
  return async () => {
    given += 1;
    const jwk = await keptKey(join(folder, `${given}.json`));
    return { privateKey: (await importJWK(jwk, 'RS256', { extractable: true })) as CryptoKey };
  };
}

async function keptKey(file: string): Promise<JWK> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as JWK;
  } catch {
    const jwk = await exportJWK((await generateKeyPair('RS256', { extractable: true })).privateKey);
    mkdirSync(folder, { recursive: true });
    // Whole at once: other workers look for it, too.
    const written = `${file}.${process.pid}`;
    writeFileSync(written, JSON.stringify(jwk), { mode: 0o600 });
    renameSync(written, file);
    return jwk;
  }
}
