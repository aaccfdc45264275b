import { UndiciHttpHandler } from '@smithy/undici-http-handler';
import { deadlineSignal } from './deadline.ts';

/**
 * The SDK's handler over undici, which ends a request with the time of its call. As an option of `send` the signal would
 * make the SDK put its chain of middleware together anew for each call, in spite of `cacheMiddleware`
 * (https://github.com/smithy-lang/smithy-typescript/blob/main/packages/smithy-client/src/client.ts).
 */
export class DynamoHttpHandler extends UndiciHttpHandler {
  override handle(...[request, options]: Parameters<UndiciHttpHandler['handle']>) {
    const abortSignal = deadlineSignal();
    return super.handle(request, abortSignal === undefined ? options : { ...options, abortSignal });
  }
}
