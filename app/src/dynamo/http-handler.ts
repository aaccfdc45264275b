import { UndiciHttpHandler } from '@smithy/undici-http-handler';
import type { Dispatcher } from 'undici';
import { currentDeadline } from './deadline.ts';

type Handle = UndiciHttpHandler['handle'];

/**
 * The SDK's handler over undici with a timer of Node.js's own for each attempt, from its first byte to the last of its answer:
 * undici counts its timeouts in steps of half a second. An attempt ends no later than the call that it is part of.
 */
export class DynamoHttpHandler extends UndiciHttpHandler {
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
