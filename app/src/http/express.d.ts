import type { Found } from './contract.ts';
import type { Input, RequestContext } from './stages.ts';
import type { Caller } from './tokens.ts';

declare global {
  namespace Express {
    /** What the stages know of a request (app.ts has their order). */
    interface Locals {
      context: RequestContext;
      /** What the contract has at its address. */
      found?: Found | undefined;
      caller?: Caller;
      input?: Input;
    }
  }
}
