import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { buildInfo } from '../build-info.ts';
import { collectBytes } from './answer-bytes.ts';
import { observeCalls } from './calls.ts';
import { DynamoHttpHandler } from './http-handler.ts';
import type { DynamoObserver } from './observer.ts';
import { createLimiter } from './limiter.ts';
import { addHeaders } from './request-headers.ts';
import { speedUpSettings } from './sdk-settings.ts';
import { Sha256 } from './sha256.ts';

export interface DynamoSettings {
  readonly region: string;
  /** A local engine, which gets credentials that mean nothing; AWS with the usual credential chain when absent. */
  readonly endpoint?: string;
  readonly connectionTimeoutMs?: number;
  /** Of one attempt: until the headers of its answer, then between its parts. All of a call has a deadline. */
  readonly requestTimeoutMs?: number;
  /** The first one included. */
  readonly maxAttempts?: number;
  /** Calls at the same time, and so connections. */
  readonly concurrency?: number;
  readonly maxWaiting?: number;
  readonly maxWaitMs?: number;
}

const identity = { 'user-agent': `movies-api/${buildInfo.version} aws-sdk-js/3` };

/** What the SDK does for each call and nobody here needs; each costs more than a tenth of a read (ADR 0175). */
const costly = [
  // Walks through each answer to hide what is sensitive, even where no logger is given.
  { name: 'loggerMiddleware' },
  // For loops between Lambda functions; the trace's own headers come from telemetry/trace-propagation.ts.
  { name: 'recursionDetectionMiddleware' },
  // Finds out anew what it runs on and which features each call used; `identity` says what stays the same.
  { name: 'getUserAgentMiddleware' },
];

/**
 * The AWS SDK's client with what it leaves open by default: timeouts that are errors, a bounded number of connections
 * that are kept alive, and a bounded queue in front of them (`Throttled` when it is full).
 */
export function createDynamoClient(settings: DynamoSettings, observer?: DynamoObserver): DynamoDBClient {
  const { region, endpoint, connectionTimeoutMs = 500, requestTimeoutMs = 1_000, maxAttempts = 3 } = settings;
  const { concurrency = 64, maxWaiting = 512, maxWaitMs = 1_000 } = settings;

  const client = new DynamoDBClient({
    region,
    ...(endpoint === undefined
      ? {}
      : { endpoint, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }),
    maxAttempts,
    retryMode: 'standard',
    cacheMiddleware: true,
    streamCollector: collectBytes,
    sha256: Sha256,
    requestHandler: new DynamoHttpHandler({
      dispatcher: {
        connections: concurrency,
        connect: { timeout: connectionTimeoutMs },
        headersTimeout: requestTimeoutMs,
        bodyTimeout: requestTimeoutMs,
      },
    }),
  });
  signWithOne(client);
  speedUpSettings(client);
  for (const { name } of costly) client.middlewareStack.remove(name);
  addHeaders(client, 'identify', () => identity);

  const limiter = createLimiter({ concurrency, maxWaiting, maxWaitMs });
  client.middlewareStack.add((next) => (call) => limiter.run(() => next(call)), {
    step: 'initialize',
    priority: 'low',
    name: 'limit',
  });
  if (observer !== undefined) observeCalls(client, observer);
  return client;
}

/** The SDK makes a signer for each request, though only its credentials can change, and it asks for those each time. */
function signWithOne({ config }: DynamoDBClient): void {
  const createSigner = config.signer;
  let signer: ReturnType<typeof createSigner> | undefined;
  config.signer = (scheme) => (signer ??= createSigner(scheme));
}
