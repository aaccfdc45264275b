import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FindOperation } from './contract.ts';

/** Node's own request and response. What Express adds to them is there only where Express dispatches. */
export type ApiRequest = IncomingMessage;
export type ApiResponse = ServerResponse & { locals: Express.Locals };
export type Next = (error?: unknown) => void;

/**
 * One step that every request passes, whoever dispatches it. It calls `next` to let the request go on; it throws, rejects
 * or calls `next` with an error to refuse it.
 */
export type Stage = (request: ApiRequest, response: ApiResponse, next: Next) => void | Promise<void>;

/** What Express does for those that it dispatches: the stages fill in the rest. */
export const withLocals = (response: ServerResponse, known: Partial<Express.Locals>): ApiResponse =>
  Object.assign(response, { locals: known as Express.Locals });

/** Stages in their order as one. An error ends the walk. */
export function inOrder(stages: readonly Stage[]): Stage {
  return (request, response, done) => {
    const pass = (index: number): void => {
      const stage = stages[index];
      if (stage === undefined) {
        done();
        return;
      }
      try {
        const passing = stage(request, response, (error) => {
          if (error === undefined) pass(index + 1);
          else done(error);
        });
        passing?.catch(done);
      } catch (error) {
        done(error);
      }
    };
    pass(0);
  };
}

/** The first stage: what the contract has at the request's address decides what the others do. */
export const findInContract =
  (findOperation: FindOperation): Stage =>
  ({ method, url = '' }, { locals }, next) => {
    locals.found ??= findOperation(method, url);
    next();
  };
