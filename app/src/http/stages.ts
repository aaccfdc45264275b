import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Trace, Tracing } from '../telemetry/tracing.ts';
import type { operations } from './contract.gen.ts';
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

/** What is known of a request beside its content; `response.locals.context`. */
export interface RequestContext {
  readonly requestId: string;
  readonly trace: Trace;
  /** Milliseconds on a clock that only goes forward. */
  readonly startedAt: number;
  /** For what is mounted rather than routed: what the log and the metrics call it. */
  route?: string;
  /** Why the answer is an error. */
  failure?: unknown;
  /** Why a token was refused, in words of ours: a caller can't write them. */
  refusal?: string;
}

/** A caller's own id is kept when it is harmless, so that both sides' logs can be joined. */
const harmlessId = /^[\w.-]{8,64}$/;

/** Asked all the time, and worth no trace and no refusal. */
const healthChecks = new Set(['/healthz', '/readyz']);
export const isHealthCheck = ({ locals }: Parameters<Stage>[1]): boolean =>
  healthChecks.has(locals.found?.path ?? '');

/** Opens the context and runs the rest of the request in its trace. */
export function openContext(tracing: Tracing, newId: () => string): Stage {
  return ({ headers }, response, next) => {
    const requestId = textOf(headers['x-request-id']) ?? '';
    const context: RequestContext = {
      requestId: harmlessId.test(requestId) ? requestId : newId(),
      trace: tracing.accept(
        textOf(headers['traceparent']),
        textOf(headers['tracestate']),
        isHealthCheck(response),
      ),
      startedAt: performance.now(),
    };
    response.locals.context = context;
    response.setHeader('X-Request-Id', context.requestId);
    tracing.run(context.trace, next);
  };
}

const textOf = (header: string | string[] | undefined): string | undefined =>
  typeof header === 'string' ? header : undefined;

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
