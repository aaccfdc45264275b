import type { ErrorRequestHandler, Request, RequestHandler } from 'express';
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

const retryAfterSeconds = 1;

/** The one place that turns what went wrong into an answer. What it doesn't know is a 500 that tells nothing. */
export const answerErrors: ErrorRequestHandler = (error: unknown, request, response, next) => {
  const { context } = response.locals;
  const problem = toProblem(error);
  if (problem.status >= 500) context.failure = error;
  if (response.headersSent) {
    next(error);
    return;
  }
  response.removeHeader('ETag');
  response
    .status(problem.status)
    .set({ 'Cache-Control': 'no-store', ...problem.headers })
    .type('application/problem+json')
    .json(describeProblem(problem, request.path, addressOf(request), context.requestId));
};

/** @param address as the first version of this API wrote it: with protocol and host */
export function describeProblem(
  { status, message, faults }: HttpProblem,
  instance: string,
  address: string,
  requestId: string,
): Problem {
  return {
    type: 'about:blank',
    title: statusName(status),
    status,
    detail: message,
    instance,
    requestId,
    ...(status === 404 ? { message: `Not Found: ${address}` } : {}),
    ...(faults.length === 0 ? {} : { errors: [...faults] }),
  };
}

export const answerNotFound: RequestHandler = (request) => {
  throw new HttpProblem(404, `There is nothing at ${request.path}.`);
};

/** For a path that exists. @param allowed methods, separated by commas */
export function refuseOtherMethods(allowed: string): RequestHandler {
  return (request) => {
    throw new HttpProblem(405, `${request.method} is not possible here, only ${allowed}.`, {
      headers: { Allow: allowed },
    });
  };
}

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

const addressOf = ({ protocol, originalUrl, headers: { host = '' } }: Request) =>
  `${protocol}://${host}${originalUrl}`;
