import { json, type Request, type Response } from 'express';
import { createContractValidator } from './contract-validator.ts';
import type { Contract, FoundOperation } from './contract.ts';
import { HttpProblem, badRequest } from './problem.ts';
import { inOrder, type ApiResponse, type Stage } from './stages.ts';

const maxBodyBytes = 100_000;
/** DynamoDB's limit of nesting; it also bounds whoever walks through a body. */
const maxDepth = 32;

/**
 * Lets a request pass that the contract allows: what it accepts in return, the type, size and shape of its body, its
 * parameters. Answers behind it find these converted to their types in `response.locals.input`.
 */
export function validate(contract: Contract): Stage {
  const check = inOrder([
    checkTypes,
    json({ limit: maxBodyBytes, type: ({ headers }) => headers['content-type'] !== undefined }),
    checkDepth,
    matchContract(contract),
  ]);
  return (request, response, next) => {
    const { found, input } = response.locals;
    const isDone = found?.operation === undefined || input !== undefined;
    if (!isDone) return check(request, response, next);
    next();
    return undefined;
  };
}

function operationOf({ locals: { found } }: ApiResponse): FoundOperation {
  if (found?.operation === undefined) throw new Error('This request asks for no operation of the contract.');
  return found.operation;
}

/** What is not plain is dispatched by Express, whose request knows more. */
function expressRequest(response: ApiResponse): Request {
  if ('req' in response && 'json' in response) return response.req as Request;
  throw new Error('This request takes Express, but it was not dispatched by it.');
}

/**
 * 406 and 415. The validator keeps a compiled schema per content type that it meets, so it gets to see the contract's
 * own ones only: nobody fills the memory with made-up ones.
 */
const checkTypes: Stage = (request, response, next) => {
  const { negotiates, bodyTypes: known } = operationOf(response);
  if (negotiates && expressRequest(response).accepts('application/json') === false) {
    throw new HttpProblem(406, 'Only application/json is available here.');
  }
  const { headers } = request;
  const [only] = known;
  if (only === undefined) {
    // Nothing reads this body.
    delete headers['content-type'];
    next();
    return;
  }
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  const given = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (hasBody && !known.includes(given ?? '')) {
    throw new HttpProblem(415, `The body must be ${known.join(' or ')}, not ${given ?? 'of no type'}.`);
  }
  if (hasBody && !isUtf8(headers['content-type'] ?? '')) {
    throw new HttpProblem(415, 'The body must be in UTF-8.');
  }
  if (!hasBody) headers['content-type'] = only;
  next();
};

/** JSON is UTF-8 (RFC 8259, section 8.1). The parser would read others, which a firewall in front can't look into. */
const isUtf8 = (contentType: string): boolean =>
  contentType
    .split(';')
    .every((parameter) => !/^\s*charset/i.test(parameter) || /^\s*charset="?utf-8"?\s*$/i.test(parameter));

const checkDepth: Stage = (_request, response, next) => {
  if (isDeeperThan(maxDepth, expressRequest(response).body)) {
    throw badRequest({ in: 'body', message: `is nested deeper than ${maxDepth} levels` });
  }
  next();
};

const isDeeperThan = (depth: number, value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (depth === 0 || Object.values(value).some((part) => isDeeperThan(depth - 1, part)));

function matchContract(contract: Contract): Stage {
  const { check } = createContractValidator(contract);
  return (_request, response, next) => {
    const request = expressRequest(response);
    const { found } = response.locals;
    const { path = '', params = {} } = found ?? {};
    if (isPlainProbe(operationOf(response), request)) {
      response.locals.input = { path: {}, query: {}, body: undefined };
      next();
      return undefined;
    }
    const given = { path: decoded(params), query: { ...request.query } };
    return check(path, request, request.res as Response, (error?: unknown) => {
      response.locals.input = { path: request.params, query: request.query, body: request.body as unknown };
      next(error ?? misspelt(given, { path: request.params, query: request.query }));
    });
  };
}

const decoded = (params: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(params).map(([name, text]) => [name, decodeURIComponent(text)]));

/** Asks for what takes no parameters, and brings nothing: who probes a service that starts needs no validator. */
function isPlainProbe({ parameters }: FoundOperation, { method, url, headers }: Request): boolean {
  return (
    parameters.length === 0 &&
    (method === 'GET' || method === 'HEAD') &&
    !url.includes('?') &&
    headers['content-length'] === undefined &&
    headers['transfer-encoding'] === undefined
  );
}

type Parameters = Readonly<Record<'path' | 'query', Readonly<Record<string, unknown>>>>;
const jsonNumber = /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/i;

/**
 * What the validator lets pass. It reads as a number what JavaScript does, `0x7DD` and `+2013` too, and with 1e400 it
 * skips the limits. In a query a number has to be spelt as in JSON; in a path in one way only, or one movie would have
 * many addresses. It also takes `year[x]` for `year`.
 */
function misspelt(given: Parameters, read: Parameters): HttpProblem | undefined {
  const unknown = Object.keys(given.query).find((name) => name.includes('['));
  if (unknown !== undefined) {
    return badRequest({ in: 'query', field: unknown, message: 'is an unknown query parameter' });
  }
  for (const place of ['path', 'query'] as const) {
    for (const [field, value] of Object.entries(read[place])) {
      const text = given[place][field];
      if (typeof value !== 'number' || typeof text !== 'string') continue;
      const isPlain = place === 'path' ? text === String(value) : jsonNumber.test(text);
      if (!isPlain || !Number.isFinite(value)) {
        return badRequest({ in: place, field, message: 'must be a number in plain digits' });
      }
    }
  }
  return undefined;
}
