import {
  Conflict,
  InexactJson,
  InvalidCursor,
  InvalidMovie,
  NotFound,
  PreconditionFailed,
  Throttled,
  TimedOut,
  Unavailable,
} from '../movies/errors.ts';
import { HttpProblem, badRequest, notAllowed, statusName, type Problem } from './problem.ts';
import { isForWholeServer } from './request-rules.ts';
import { sendJson } from './send-json.ts';
import type { ApiRequest, ApiResponse, Stage } from './stages.ts';
import { toJsonText } from '../movies/exact-json.ts';

const retryAfterSeconds = 1;

/** The one place that turns what went wrong into an answer. What it doesn't know is a 500 that tells nothing. */
export function answerError(error: unknown, request: ApiRequest, response: ApiResponse): void {
  const { context } = response.locals;
  const problem = toProblem(error);
  if (problem.status >= 500) context.failure = error;
  if (problem.status === 401 || problem.status === 403) context.refusal = problem.message;
  if (response.headersSent) {
    request.socket.destroy();
    return;
  }
  response.removeHeader('ETag');
  response.statusCode = problem.status;
  for (const [name, value] of Object.entries({ 'Cache-Control': 'no-store', ...problem.headers })) {
    response.setHeader(name, value);
  }
  const text = toJsonText(describeProblem(problem, targetOf(request), context.requestId));
  sendJson(response, text, 'application/problem+json; charset=utf-8');
}

/** @param target with its query; empty where it could not be read */
export function describeProblem(
  { status, message, faults }: HttpProblem,
  target: string,
  requestId: string,
): Problem {
  return {
    type: 'about:blank',
    title: statusName(status),
    status,
    detail: message,
    instance: pathOf(target),
    requestId,
    // As the first version of this API wrote it, but for the scheme and the host, which a balancer in front may hide.
    ...(status === 404 ? { message: `Not Found: ${target}` } : {}),
    ...(faults.length === 0 ? {} : { errors: [...faults] }),
  };
}

/** For what nothing has answered. */
export const answerNotFound: Stage = (request, response) => {
  const { found } = response.locals;
  if (isForWholeServer(request)) {
    response.writeHead(204, { Allow: 'GET, HEAD, POST, PUT, PATCH, DELETE' }).end();
    return;
  }
  if (found === undefined) throw new HttpProblem(404, `There is nothing at ${pathOf(targetOf(request))}.`);
  throw notAllowed(String(request.method), found.allowed);
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
  if (error instanceof InexactJson) {
    const field = error.pointer === '' ? {} : { field: error.pointer };
    return new HttpProblem(400, error.message, {
      faults: [{ in: 'body', ...field, message: error.message }],
    });
  }
  if (error instanceof InvalidMovie) {
    return new HttpProblem(400, error.message, { faults: [{ in: 'body', message: error.message }] });
  }
  if (error instanceof InvalidCursor) {
    return badRequest({ in: 'query', field: 'cursor', message: 'was not given out by this query' });
  }
  if (error instanceof Throttled || error instanceof Unavailable) {
    return new HttpProblem(503, error.message, { headers });
  }
  return error instanceof TimedOut ? new HttpProblem(504, error.message, { headers }) : undefined;
}

const unexpected = () =>
  new HttpProblem(500, 'Something went wrong here. The request id finds it in the log.');

/** What Express, its body parser and its sender of files throw. Undefined for anything else. */
function toFrameworkProblem(error: unknown): HttpProblem | undefined {
  if (error instanceof URIError) {
    return new HttpProblem(400, 'The address is not well-formed.', {
      faults: [{ in: 'path', message: 'is not percent-encoded UTF-8' }],
    });
  }
  if (!(error instanceof Error && 'status' in error)) return undefined;
  const status = Number(error.status);
  if (status === 412 || status === 416) return toFileProblem(status, error);
  return toBodyProblem('type' in error ? String(error.type) : '', status);
}

/** Of the files that Swagger UI has. With a 416 the sender says how long the file is. */
function toFileProblem(status: 412 | 416, error: Error & { headers?: Record<string, string> }): HttpProblem {
  const { 'Content-Range': range } = error.headers ?? {};
  const headers = range === undefined ? {} : { 'Content-Range': range };
  return new HttpProblem(status, fileProblems[status], { headers });
}
const fileProblems = {
  412: 'The file is not the version that If-Match or If-Unmodified-Since asks for.',
  416: 'Range asks for bytes behind the end of the file.',
} as const;

/** https://github.com/expressjs/body-parser#errors. Its messages quote the body; these don't. */
function toBodyProblem(type: string, status: number): HttpProblem | undefined {
  if (type === 'entity.too.large') return new HttpProblem(413, 'The body is larger than 100 kB.');
  if (type === 'encoding.unsupported') {
    const headers = { 'Accept-Encoding': 'gzip, deflate, br, zstd' };
    return new HttpProblem(415, 'The Content-Encoding of the body is not supported.', { headers });
  }
  return status === 400 ? badRequest({ in: 'body', message: 'could not be read' }) : undefined;
}
