import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { observeCalls } from './dynamo-calls.ts';
import type { DynamoObserver } from './dynamo-observer.ts';
import { createLimiter } from './limiter.ts';

export interface DynamoSettings {
  readonly region: string;
  /** A local engine, which gets credentials that mean nothing; AWS with the usual credential chain when absent. */
  readonly endpoint?: string;
  readonly connectionTimeoutMs?: number;
  /** Of one attempt, from request to the last byte of its answer. */
  readonly requestTimeoutMs?: number;
  /** The first one included. */
  readonly maxAttempts?: number;
  /** Calls at the same time, and so connections. */
  readonly concurrency?: number;
  readonly maxWaiting?: number;
  readonly maxWaitMs?: number;
}

/**
 * The AWS SDK's client with what it leaves open by default: timeouts that are errors, a bounded number of connections
 * that are kept alive, and a bounded queue in front of them (`Throttled` when it is full).
 */
export function createDynamoClient(settings: DynamoSettings, observer?: DynamoObserver): DynamoDBClient {
  const { region, endpoint, connectionTimeoutMs = 500, requestTimeoutMs = 1_000, maxAttempts = 3 } = settings;
  const { concurrency = 64, maxWaiting = 512, maxWaitMs = 1_000 } = settings;
  const agent = { keepAlive: true, maxSockets: concurrency };

  const client = new DynamoDBClient({
    region,
    ...(endpoint === undefined
      ? {}
      : { endpoint, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }),
    maxAttempts,
    retryMode: 'standard',
    cacheMiddleware: true,
    requestHandler: new NodeHttpHandler({
      httpAgent: new HttpAgent(agent),
      httpsAgent: new HttpsAgent(agent),
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
    }),
  });

  // It walks through each answer to hide what is sensitive, even where no logger is given: as costly as reading a page
  // of 100 movies.
  client.middlewareStack.remove('loggerMiddleware');

  const limiter = createLimiter({ concurrency, maxWaiting, maxWaitMs });
  client.middlewareStack.add((next) => (call) => limiter.run(() => next(call)), {
    step: 'initialize',
    priority: 'low',
    name: 'limit',
  });
  if (observer !== undefined) observeCalls(client, observer);
  return client;
}
