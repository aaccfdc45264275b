import type { RequestContext } from './request-context.ts';
import type { Caller } from './token-verifier.ts';

declare global {
  namespace Express {
    interface Locals {
      /** Set by `request-context`, before anything else. */
      context: RequestContext;
      /** Set by `authenticate`. */
      caller?: Caller;
    }
  }
}
