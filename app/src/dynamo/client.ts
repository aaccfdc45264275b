import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ConfiguredRetryStrategy } from '@smithy/core/retry';
import { UndiciHttpHandler } from '@smithy/undici-http-handler';
import type { Dispatcher } from 'undici';
import { buildInfo } from '../config.ts';
import { type DynamoObserver, isThrottling, observeCalls } from './calls.ts';
import {
  busy,
  createLimiter,
  currentDeadline,
  type Deadline,
  type Limiter,
  silent,
  throttled,
} from './limits.ts';

export interface DynamoSettings {
  readonly region: string;
  /** A local engine, which gets credentials that mean nothing; AWS with the usual credential chain when absent. */
  readonly endpoint?: string;
  readonly connectionTimeoutMs?: number;
  /** Of one attempt, to the last byte of its answer. */
  readonly requestTimeoutMs?: number;
  /** The first one included. */
  readonly maxAttempts?: number;
  /** Attempts at the same time, and so connections. A pause between two attempts takes no place. */
  readonly concurrency?: number;
  readonly maxWaiting?: number;
  readonly maxWaitMs?: number;
  readonly random?: () => number;
}

const byDefault = { requestTimeoutMs: 1_000, maxAttempts: 3 };

/** DynamoDB's own base is 25 ms. All pauses of a call together are shorter than one attempt may be. */
const longestPauseMs = (requestTimeoutMs: number, maxAttempts: number, attempt: number): number =>
  Math.min(requestTimeoutMs / maxAttempts, 25 * 2 ** attempt);

/** The deadline of a call that leaves room for all its attempts and the pauses between them. */
export const callMs = ({ timeoutMs, maxAttempts }: { timeoutMs: number; maxAttempts: number }): number =>
  (maxAttempts + 1) * timeoutMs;

/** What the SDK does for each call and nobody here needs; together they cost more than a tenth of a read. */
const costly = [
  // Walks through each answer to hide what is sensitive, even where no logger is given.
  'loggerMiddleware',
  // For loops between Lambda functions; the trace's own headers come from `headers`.
  'recursionDetectionMiddleware',
  // Finds out anew what it runs on and which features each call used; `identity` says what stays the same.
  'getUserAgentMiddleware',
];
const identity = { 'user-agent': `movies-api/${buildInfo.version} aws-sdk-js/3` };

/**
 * The AWS SDK's client with what it leaves open by default: timeouts that are errors, a bounded number of connections
 * that are kept alive, and a bounded queue in front of them (`Throttled` when it is full).
 * @param headers added to each request before it is signed
 */
export function createDynamoClient(
  settings: DynamoSettings,
  observer?: DynamoObserver,
  headers?: () => Readonly<Record<string, string>>,
): DynamoDBClient {
  const { region, endpoint, connectionTimeoutMs = 500, random = Math.random } = settings;
  const { requestTimeoutMs, maxAttempts } = { ...byDefault, ...settings };
  const { concurrency = 64, maxWaiting = 512, maxWaitMs = 1_000 } = settings;

  const client = new DynamoDBClient({
    region,
    ...(endpoint === undefined
      ? {}
      : { endpoint, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }),
    retryStrategy: new ConfiguredRetryStrategy(
      () => Promise.resolve(attemptsLeft(maxAttempts)),
      (attempt) => random() * longestPauseMs(requestTimeoutMs, maxAttempts, attempt),
    ),
    cacheMiddleware: true,
    requestHandler: new DynamoHttpHandler(requestTimeoutMs, {
      // One more than there are places, for the probe that needs none.
      dispatcher: { connections: concurrency + 1, connect: { timeout: connectionTimeoutMs } },
    }),
  });
  for (const name of costly) client.middlewareStack.remove(name);
  client.middlewareStack.add(
    (next) => (call) => {
      if (hasHeaders(call.request)) Object.assign(call.request.headers, identity, headers?.());
      return next(call);
    },
    { step: 'build', name: 'addHeaders' },
  );
  limitAttempts(client, createLimiter({ concurrency, maxWaiting, maxWaitMs }));
  if (observer !== undefined) observeCalls(client, observer);
  return client;
}

function attemptsLeft(maxAttempts: number): number {
  const { isShared = false, attemptsMade = 0 } = currentDeadline() ?? {};
  return isShared ? 1 : maxAttempts - attemptsMade;
}

/** Inside of the SDK's retries: what pauses between two attempts keeps nobody from the database. */
function limitAttempts(client: DynamoDBClient, limiter: Limiter): void {
  client.middlewareStack.add(
    (next) => async (call) => {
      const deadline = currentDeadline();
      const attempt = async () => {
        if (deadline === undefined) return next(call);
        if (isOver(deadline)) throw deadline.explain();
        if (deadline.explain === busy) deadline.explain = silent;
        try {
          return await next(call);
        } catch (error) {
          if (isThrottling(error)) deadline.explain = throttled;
          throw isOver(deadline) ? deadline.explain() : error;
        }
      };
      if (deadline?.needsNoPlace === true) return attempt();
      return limiter.run(attempt, () => {
        if (deadline?.explain === silent) deadline.explain = busy;
      });
    },
    { step: 'finalizeRequest', priority: 'low', name: 'limitAttempts' },
  );
}

const isOver = ({ at }: Deadline): boolean => performance.now() >= at;

const hasHeaders = (request: unknown): request is { headers: Record<string, string> } =>
  typeof request === 'object' && request !== null && 'headers' in request;

type Handle = UndiciHttpHandler['handle'];

/**
 * The SDK's handler over undici with a timer of Node.js's own for each attempt, from its first byte to the last of its answer:
 * undici counts its timeouts in steps of half a second. An attempt ends no later than the call that it is part of.
 */
class DynamoHttpHandler extends UndiciHttpHandler {
  readonly #attemptMs: number;

  constructor(attemptMs: number, options: ConstructorParameters<typeof UndiciHttpHandler>[0]) {
    super(options);
    this.#attemptMs = attemptMs;
  }

  override async handle(...[request, options]: Parameters<Handle>): ReturnType<Handle> {
    const { at = Infinity } = currentDeadline() ?? {};
    const attempt = new AbortController();
    const timer = setTimeout(
      () => {
        attempt.abort();
      },
      Math.min(this.#attemptMs, Math.ceil(at - performance.now())),
    );
    try {
      const { response } = await super.handle(request, { ...options, abortSignal: attempt.signal });
      const body = response.body as Dispatcher.ResponseData['body'];
      // Read here, for the timer; the SDK takes bytes as they are.
      response.body = await body.bytes();
      return { response };
    } catch (error) {
      throw attempt.signal.aborted ? timeout(this.#attemptMs, error) : named(error);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** By this name the SDK tries again. */
const timeout = (ms: number, cause: unknown): Error =>
  Object.assign(new Error(`The attempt was not answered within ${ms} ms.`, { cause }), {
    name: 'TimeoutError',
  });

/** A connection that breaks in the middle of an answer has no name that the SDK knows. */
function named(error: unknown): unknown {
  const isBroken = error instanceof Error && 'code' in error && error.code === 'UND_ERR_SOCKET';
  return isBroken ? Object.assign(error, { name: 'RequestTimeout' }) : error;
}
