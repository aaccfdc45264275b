import type { IncomingMessage } from 'node:http';
import type { operations } from './contract.gen.ts';
import type { ApiRequest, ApiResponse } from './stages.ts';

type Operations = operations;

type Part<O extends keyof Operations, P extends 'path' | 'query' | 'header'> = NonNullable<
  Operations[O]['parameters'][P]
>;
type Body<O extends keyof Operations> = Operations[O] extends {
  requestBody: { content: Record<string, infer B> };
}
  ? B
  : undefined;

/** What a request brings, checked and converted by the contract; `response.locals.input`. */
export interface Input {
  readonly path: object;
  readonly query: object;
  readonly body: unknown;
}

/** The same, typed by the contract of its operation. */
export interface TypedInput<O extends keyof Operations> {
  readonly path: Part<O, 'path'>;
  readonly query: Part<O, 'query'>;
  readonly header: (name: keyof Part<O, 'header'> & string) => string | undefined;
  readonly body: Body<O>;
}

export type Answer = (request: ApiRequest, response: ApiResponse) => Promise<void>;

/**
 * The answer of one operation of the contract. It stands behind all stages, which make these types true: this is the edge
 * where a parsed request becomes typed.
 */
export function handle<O extends keyof Operations>(
  _operation: O,
  handler: (input: TypedInput<O>, response: ApiResponse, request: IncomingMessage) => Promise<void>,
): Answer {
  return (request, response) => {
    const { path, query, body } = response.locals.input ?? { path: {}, query: {}, body: undefined };
    return handler(
      {
        path: path as Part<O, 'path'>,
        query: query,
        header: (name) => {
          const value = request.headers[name.toLowerCase()];
          return typeof value === 'string' ? value : undefined;
        },
        body: body as Body<O>,
      },
      response,
      request,
    );
  };
}
