import { randomBytes } from 'node:crypto';
import packageJson from '../../package.json' with { type: 'json' };
import { createSettingsReader, type Environment } from './settings-reader.ts';

export interface Config {
  readonly build: BuildInfo;
  readonly serviceName: string;
  readonly logLevel: string;
  readonly host: string;
  readonly port: number;
  readonly metricsPort: number;
  readonly table: TableConfig;
  readonly auth: AuthConfig;
  /** The client that Swagger UI signs in as; without one its users paste a token. */
  readonly swaggerClientId?: string;
  /** The first one signs, all of them verify. */
  readonly cursorSecrets: readonly [string, ...string[]];
  readonly cache: CacheConfig;
  readonly limits: Limits;
  /** Absent where no traces are exported. */
  readonly tracing?: { readonly endpoint: string; readonly sampleRate: number };
}

export interface TableConfig {
  readonly name: string;
  readonly region: string;
  readonly endpoint?: string;
  /** Of one attempt. */
  readonly timeoutMs: number;
  readonly maxAttempts: number;
  readonly concurrency: number;
}

export interface CacheConfig {
  /** How old an answered movie may be; 0 reads the table each time. */
  readonly ttlMs: number;
  readonly maxBytes: number;
}

export type AuthConfig =
  | { readonly kind: 'closed' }
  | { readonly kind: 'open' }
  | {
      readonly kind: 'issuer';
      readonly issuer: string;
      readonly audiences: readonly string[];
      readonly jwksUri?: string;
      /** No more than one fetch of the issuer's keys in this time, whoever asks for unknown ones. */
      readonly jwksCooldownMs: number;
      /** How long a token that was verified is taken for good. */
      readonly rememberMs: number;
    };

export interface Limits {
  readonly requestsInFlight: number;
  /** To receive a whole request; slower clients get 408. */
  readonly requestTimeoutMs: number;
  /** How long an idle connection stays. Longer than a load balancer's, or it reuses connections that just closed. */
  readonly keepAliveTimeoutMs: number;
  /** From the signal until connections are refused: the load balancer's time to notice. */
  readonly drainDelayMs: number;
  /** From the signal until what is still in flight is cut off. */
  readonly shutdownTimeoutMs: number;
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const minSecretLength = 32;

/** The service's settings, from the environment. Throws `ConfigError` with every fault by its variable's name. */
export function readConfig(env: Environment = process.env): Config {
  const read = createSettingsReader(env);
  const isProduction = env['NODE_ENV'] === 'production';
  const swaggerClientId = read.text('OIDC_SWAGGER_CLIENT_ID');
  const endpoint = read.url('DYNAMODB_ENDPOINT');
  const collector = read.url('OTEL_EXPORTER_OTLP_ENDPOINT');
  const sampleRate = read.share('TRACE_SAMPLE_RATE', 0.05);

  const config: Config = {
    build: buildInfo,
    serviceName: read.text('AWS_XRAY_TRACING_NAME') ?? 'mvdb-api',
    logLevel: read.oneOf('LOG_LEVEL', logLevels, 'info'),
    host: read.text('HOST') ?? '0.0.0.0',
    port: read.integer('PORT', 8080, 0, 65_535),
    metricsPort: read.integer('METRICS_PORT', 9464, 0, 65_535),
    table: {
      name: read.required('TABLE_NAME', 'the DynamoDB table that holds the movies'),
      region: read.text('REGION') ?? 'eu-west-1',
      ...(endpoint === undefined ? {} : { endpoint }),
      timeoutMs: read.integer('DYNAMODB_TIMEOUT_MS', 1_000, 100, 60_000),
      maxAttempts: read.integer('DYNAMODB_MAX_ATTEMPTS', 3, 1, 10),
      concurrency: read.integer('DYNAMODB_CONCURRENCY', 64, 1, 10_000),
    },
    cache: {
      ttlMs: read.integer('MOVIE_CACHE_TTL_MS', 1_000, 0, 60_000),
      maxBytes: read.integer('MOVIE_CACHE_MB', 16, 1, 1_024) * 1_000_000,
    },
    auth: readAuth(read, isProduction),
    ...(swaggerClientId === undefined ? {} : { swaggerClientId }),
    cursorSecrets: readCursorSecrets(read, isProduction),
    ...(collector === undefined ? {} : { tracing: { endpoint: collector, sampleRate } }),
    limits: {
      requestsInFlight: read.integer('MAX_REQUESTS_IN_FLIGHT', 500, 1, 100_000),
      requestTimeoutMs: read.integer('REQUEST_TIMEOUT_MS', 30_000, 100, 300_000),
      keepAliveTimeoutMs: read.integer('KEEP_ALIVE_TIMEOUT_MS', 65_000, 1_000, 600_000),
      drainDelayMs: read.integer('DRAIN_DELAY_MS', 5_000, 0, 60_000),
      shutdownTimeoutMs: read.integer('SHUTDOWN_TIMEOUT_MS', 24_000, 100, 110_000),
    },
  };
  read.throwFaults();
  return config;
}

function readAuth(read: ReturnType<typeof createSettingsReader>, isProduction: boolean): AuthConfig {
  const issuer = read.url('OIDC_ISSUER');
  const audiences = read.list('OIDC_AUDIENCE');
  const jwksUri = read.url('OIDC_JWKS_URI');
  const jwksCooldownMs = read.integer('JWKS_COOLDOWN_MS', 30_000, 0, 3_600_000);
  const rememberMs = read.integer('TOKEN_CACHE_TTL_MS', 60_000, 0, 600_000);
  if (read.flag('ALLOW_ANONYMOUS')) {
    if (isProduction) read.fault('ALLOW_ANONYMOUS', 'is refused when NODE_ENV is production: remove it');
    if (issuer !== undefined) read.fault('ALLOW_ANONYMOUS', 'contradicts OIDC_ISSUER: set one of them');
    return { kind: 'open' };
  }
  if (issuer === undefined) {
    if (audiences.length > 0) read.fault('OIDC_AUDIENCE', 'means nothing without OIDC_ISSUER');
    return { kind: 'closed' };
  }
  if (audiences.length === 0)
    read.fault('OIDC_AUDIENCE', 'is required with OIDC_ISSUER: who tokens must be for');
  return {
    kind: 'issuer',
    issuer,
    audiences,
    ...(jwksUri === undefined ? {} : { jwksUri }),
    jwksCooldownMs,
    rememberMs,
  };
}

function readCursorSecrets(
  read: ReturnType<typeof createSettingsReader>,
  isProduction: boolean,
): readonly [string, ...string[]] {
  const [first, ...others] = read.list('CURSOR_SECRETS');
  if (first === undefined) {
    if (isProduction) read.fault('CURSOR_SECRETS', 'is required when NODE_ENV is production');
    return [randomBytes(minSecretLength).toString('base64url')];
  }
  const accepted = read.list('CURSOR_SECRETS_ACCEPTED');
  for (const [name, secrets] of [
    ['CURSOR_SECRETS', [first, ...others]],
    ['CURSOR_SECRETS_ACCEPTED', accepted],
  ] as const) {
    if (secrets.some((secret) => secret.length < minSecretLength))
      read.fault(name, `holds a secret of fewer than ${minSecretLength} characters`);
  }
  return [first, ...others, ...accepted];
}

/** Replaced by tools/lib/bundle.ts with an object literal; undeclared everywhere else. */
declare const BUILD_INFO: BuildInfo;

export interface BuildInfo {
  /** Of package.json. */
  readonly version: string;
  /** Full git commit, with `-dirty` when the tree differed from it. */
  readonly commit: string;
  /** ISO 8601. The time of the commit, not of the build: the same source gives the same bytes. */
  readonly builtAt: string;
}

/** What the bundle was made from, from tools/lib/bundle.ts; commit and time are `unknown` when the sources run as they are. */
export const buildInfo: BuildInfo =
  typeof BUILD_INFO === 'undefined'
    ? { version: packageJson.version, commit: 'unknown', builtAt: 'unknown' }
    : BUILD_INFO;
