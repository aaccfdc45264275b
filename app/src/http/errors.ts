import {
  Conflict,
  InvalidCursor,
  InvalidMovie,
  NotFound,
  PreconditionFailed,
  Throttled,
  TimedOut,
  Unavailable,
} from '../movies/errors.ts';
import { toFrameworkProblem } from './framework-errors.ts';
import { HttpProblem, badRequest, statusName, type Problem } from './problem.ts';
import { sendJson } from './send-json.ts';
import type { ApiRequest, ApiResponse, Stage } from './stages.ts';
import { toJsonText } from '../movies/json-text.ts';

const retryAfterSeconds = 1;

/** The one place that turns what went wrong into an answer. What it doesn't know is a 500 that tells nothing. */
export function answerError(error: unknown, request: ApiRequest, response: ApiResponse): void {
  const { context } = response.locals;
  const problem = toProblem(error);
  if (problem.status >= 500) context.failure = error;
  if (response.headersSent) {
    request.socket.destroy();
    return;
  }
  response.removeHeader('ETag');
  response.statusCode = problem.status;
  for (const [name, value] of Object.entries({ 'Cache-Control': 'no-store', ...problem.headers })) {
    response.setHeader(name, value);
  }
  const text = toJsonText(describeProblem(problem, request, context.requestId));
  sendJson(response, text, 'application/problem+json; charset=utf-8');
}

function describeProblem(
  { status, message, faults }: HttpProblem,
  request: ApiRequest,
  requestId: string,
): Problem {
  const target = targetOf(request);
  return {
    type: 'about:blank',
    title: statusName(status),
    status,
    detail: message,
    instance: pathOf(target),
    requestId,
    // As the first version of this API wrote it.
    ...(status === 404 ? { message: `Not Found: http://${request.headers.host ?? ''}${target}` } : {}),
    ...(faults.length === 0 ? {} : { errors: [...faults] }),
  };
}

/** For what nothing has answered. */
export const answerNotFound: Stage = (request, { locals: { found } }) => {
  if (found === undefined) throw new HttpProblem(404, `There is nothing at ${pathOf(targetOf(request))}.`);
  const { allowed } = found;
  throw new HttpProblem(405, `${String(request.method)} is not possible here, only ${allowed}.`, {
    headers: { Allow: allowed },
  });
};

/** Routers of Express take off what they are mounted at, and keep the whole. */
const targetOf = (request: ApiRequest): string =>
  'originalUrl' in request ? String(request.originalUrl) : (request.url ?? '');

const pathOf = (target: string): string => target.split('?', 1)[0] ?? '';

export function toProblem(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  return toMovieProblem(error) ?? toFrameworkProblem(error) ?? unexpected();
}

function toMovieProblem(error: unknown): HttpProblem | undefined {
  const headers = { 'Retry-After': String(retryAfterSeconds) };
  if (error instanceof NotFound) return new HttpProblem(404, error.message);
  if (error instanceof Conflict) return new HttpProblem(409, error.message);
  if (error instanceof PreconditionFailed) return new HttpProblem(412, error.message);
  if (error instanceof InvalidMovie) {
    return new HttpProblem(400, error.message, { faults: [{ in: 'body', message: error.message }] });
  }
  if (error instanceof InvalidCursor) {
    return badRequest({ in: 'query', field: 'cursor', message: 'was not given out by this query' });
  }
  if (error instanceof Throttled || error instanceof Unavailable) {
    return new HttpProblem(503, error.message, { headers });
  }
  return error instanceof TimedOut ? new HttpProblem(504, error.message) : undefined;
}

const unexpected = () =>
  new HttpProblem(500, 'Something went wrong here. The request id finds it in the log.');
