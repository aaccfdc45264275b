import type { RequestContext } from './request-context.ts';
import type { Caller } from './token-verifier.ts';

declare global {
  namespace Express {
    interface Locals {
      /** Set by `request-context`, before anything else. */
      context: RequestContext;
      /** Set by `authenticate`. */
      caller?: Caller;
      /** Set by `validate`: parameters of the types that the contract gives them. */
      path?: Readonly<Record<string, unknown>>;
      query?: Readonly<Record<string, unknown>>;
    }
  }
}
