import type { Request, RequestHandler, Response } from 'express';
import type { operations } from './contract.gen.ts';

type Operations = operations;

type Part<O extends keyof Operations, P extends 'path' | 'query' | 'header'> = NonNullable<
  Operations[O]['parameters'][P]
>;
type Body<O extends keyof Operations> = Operations[O] extends {
  requestBody: { content: Record<string, infer B> };
}
  ? B
  : undefined;

/** A request that has passed the contract of this operation, typed by it. */
export interface Input<O extends keyof Operations> {
  readonly path: Part<O, 'path'>;
  readonly query: Part<O, 'query'>;
  readonly header: (name: keyof Part<O, 'header'> & string) => string | undefined;
  readonly body: Body<O>;
}

/**
 * A handler of one operation of the contract. It stands behind `validate`, which makes these types true: this is the
 * edge where a parsed request becomes typed.
 */
export function handle<O extends keyof Operations>(
  _operation: O,
  handler: (input: Input<O>, response: Response, request: Request) => Promise<void>,
): RequestHandler {
  return (request, response) =>
    handler(
      {
        path: request.params as unknown as Part<O, 'path'>,
        query: request.query,
        header: (name) => request.get(name),
        body: request.body as Body<O>,
      },
      response,
      request,
    );
}
