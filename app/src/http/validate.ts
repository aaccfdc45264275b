import { raw, type Request, type Response } from 'express';
import { isSameNumber, parseExactJson } from '../movies/exact-json.ts';
import { createContractValidator } from './contract-validator.ts';
import type { Contract, FoundOperation, Parameter } from './contract.ts';
import { acceptsJson, isUtf8, readMediaType } from './media-types.ts';
import { HttpProblem, badRequest } from './problem.ts';
import { type ApiResponse, inOrder, type Stage } from './stages.ts';

const maxBodyBytes = 100_000;

/**
 * Lets a request pass that the contract allows: what it accepts in return, the type, size and shape of its body, its
 * parameters. Answers behind it find these converted to their types in `response.locals.input`.
 */
export function validate(contract: Contract): Stage {
  const check = inOrder([
    checkTypes,
    requireIfMatch,
    raw({ limit: maxBodyBytes, type: ({ headers }) => headers['content-type'] !== undefined }),
    parseBody,
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
const checkTypes: Stage = ({ method, headers }, response, next) => {
  const { negotiates, bodyTypes: known } = operationOf(response);
  if (negotiates && !acceptsJson(headers.accept)) {
    throw new HttpProblem(406, 'Only application/json is available here, and Accept does not take it.');
  }
  const [only] = known;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  if (only === undefined) {
    // Nothing reads this body.
    delete headers['content-type'];
  } else if (hasBody) {
    const given = readMediaType(headers['content-type'] ?? '');
    const accepted = { [method === 'PATCH' ? 'Accept-Patch' : 'Accept']: known.join(', ') };
    if (!known.includes(given.type)) {
      const what = given.type === '' ? 'has no Content-Type' : `is ${given.type}`;
      throw new HttpProblem(415, `The body ${what}. It must be ${known.join(' or ')}.`, {
        headers: accepted,
      });
    }
    // The parser would read others, which a firewall in front can't look into.
    if (!isUtf8(given)) throw new HttpProblem(415, 'The body must be in UTF-8.', { headers: accepted });
    headers['content-type'] = given.type;
  } else headers['content-type'] = only;
  next();
};

/** Where the contract requires `If-Match`; a request that may only meet an absent movie loses nobody's edit either. */
const requireIfMatch: Stage = ({ headers }, response, next) => {
  const isRequired = operationOf(response).parameters.some(
    ({ name, required }) => name === 'If-Match' && required === true,
  );
  if (isRequired && headers['if-match'] === undefined) {
    throw new HttpProblem(
      428,
      'If-Match is missing. Send the ETag that you have seen, so that nobody’s edit gets lost, or * to replace whatever is there.',
      { faults: [{ in: 'header', field: 'If-Match', message: 'is required' }] },
    );
  }
  next();
};

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Bytes that are no UTF-8 are refused rather than mended, and so is a number that would be rounded. */
const parseBody: Stage = (_request, response, next) => {
  const request = expressRequest(response);
  const bytes: unknown = request.body;
  request.body = Buffer.isBuffer(bytes) && bytes.length > 0 ? readJson(bytes) : undefined;
  next();
};

function readJson(bytes: Buffer): unknown {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw badRequest({ in: 'body', message: 'is not well-formed UTF-8' });
  }
  try {
    return parseExactJson(text);
  } catch (error) {
    throw error instanceof SyntaxError ? badRequest({ in: 'body', message: 'is not valid JSON' }) : error;
  }
}

function matchContract(contract: Contract): Stage {
  const { check } = createContractValidator(contract);
  return (_request, response, next) => {
    const request = expressRequest(response);
    const { path = '', params = {} } = response.locals.found ?? {};
    const operation = operationOf(response);
    if (isPlainProbe(operation, request)) {
      response.locals.input = { path: {}, query: {}, body: undefined };
      next();
      return undefined;
    }
    refuseUnreadable(operation.parameters, { path: decoded(params), query: { ...request.query } });
    return check(path, request, request.res as Response, (error?: unknown) => {
      response.locals.input = { path: request.params, query: request.query, body: request.body as unknown };
      next(error);
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

const plainNumbers: Readonly<Record<string, { readonly spelt: RegExp; readonly message: string }>> = {
  integer: { spelt: /^(0|-?[1-9]\d*)$/, message: 'must be a whole number in plain digits, such as 1994' },
  number: { spelt: /^-?(0|[1-9]\d*)(\.\d+)?$/, message: 'must be a number in plain digits, such as 8.5' },
};

/**
 * What the validator would let pass, or would have the wrong words for. It takes `year[x]` for `year`, and reads as a number
 * what JavaScript does: `0x7DD`, `1.994e3`, ` 1994`. In an address a number has one spelling, or one movie would have many.
 */
function refuseUnreadable(
  known: readonly Parameter[],
  given: Readonly<Record<'path' | 'query', Readonly<Record<string, unknown>>>>,
): void {
  for (const place of ['path', 'query'] as const) {
    for (const [field, text] of Object.entries(given[place])) {
      const refuse = (message: string) => badRequest({ in: place, field, message });
      const { schema } = known.find(({ in: where, name }) => where === place && name === field) ?? {};
      if (schema === undefined) throw refuse('is not a parameter of this operation');
      if (typeof text !== 'string') throw refuse('is given more than once');
      const number = plainNumbers[schema.type ?? ''];
      if (number === undefined) continue;
      if (!number.spelt.test(text)) throw refuse(number.message);
      if (!isSameNumber(text, String(Number(text)))) throw refuse('has more digits than can be kept');
    }
  }
}
