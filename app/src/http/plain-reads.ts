import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { FindOperation, Found, FoundOperation, Schema } from './contract.ts';
import { acceptsJson } from './media-types.ts';
import type { Input } from './stages.ts';

/** A request that the contract allows for sure, with its parameters as the contract types them. */
export interface PlainRead {
  readonly found: Found;
  readonly operation: FoundOperation;
  readonly input: Input;
}

/** Undefined is no verdict: the request takes a closer look. */
export type ReadPlainly = (request: IncomingMessage) => PlainRead | undefined;

type Read = (text: string) => string | number | undefined;

/**
 * Reads GET requests by the contract's parameters, a tenth of what express-openapi-validator takes for it. It knows a part of
 * what the contract allows and refuses nothing: all else is judged by the validator, which has the words for what is wrong.
 */
export function createPlainReads(findOperation: FindOperation): ReadPlainly {
  const readers = new Map<string, ReturnType<typeof compile>>();
  const parametersOf = (operation: FoundOperation) => {
    if (!readers.has(operation.id)) readers.set(operation.id, compile(operation));
    return readers.get(operation.id);
  };
  return (request) => {
    const { method, url = '', headers } = request;
    if (method !== 'GET') return undefined;
    const found = findOperation(method, url);
    if (found?.operation === undefined || !acceptsJson(headers.accept)) return undefined;
    const { operation } = found;
    const input = parametersOf(operation)?.(found.params, url, headers);
    return input === undefined ? undefined : { found, operation, input };
  };
}

/** Undefined for parameters with rules that are not known here. */
function compile({ parameters }: FoundOperation) {
  const fields = parameters.map(({ in: place, name, required = false, allowReserved = false, schema }) => {
    return { place, name, required, allowReserved, read: readerOf(schema), byDefault: schema.default };
  });
  if (fields.some(({ read, place }) => read === undefined || place === 'cookie')) return undefined;
  const ofPath = fields.filter(({ place }) => place === 'path');
  const ofHeader = fields.filter(({ place }) => place === 'header');
  const ofQuery = new Map(
    fields.filter(({ place }) => place === 'query').map((field) => [field.name, field]),
  );
  const requiredNames = [...ofQuery.values()].filter(({ required }) => required).map(({ name }) => name);
  const defaults = Object.fromEntries(
    [...ofQuery.values()].flatMap(({ name, byDefault }) =>
      byDefault === undefined ? [] : [[name, byDefault]],
    ),
  );

  const readQuery = (url: string): Record<string, unknown> | undefined => {
    const start = url.indexOf('?');
    const query: Record<string, unknown> = { ...defaults };
    if (start === -1) return requiredNames.length === 0 ? query : undefined;
    const seen = new Set<string>();
    for (const pair of url.slice(start + 1).split('&')) {
      const equals = pair.indexOf('=');
      const field = ofQuery.get(pair.slice(0, Math.max(equals, 0)));
      if (field === undefined || seen.has(field.name)) return undefined;
      const raw = pair.slice(equals + 1);
      const isPlain = field.allowReserved ? plainText.test(raw) : unreserved.test(raw);
      const value = isPlain ? field.read?.(decode(raw.replaceAll('+', ' '))) : undefined;
      if (value === undefined) return undefined;
      seen.add(field.name);
      query[field.name] = value;
    }
    return requiredNames.every((name) => seen.has(name)) ? query : undefined;
  };

  return (
    params: Readonly<Record<string, string>>,
    url: string,
    headers: IncomingHttpHeaders,
  ): Input | undefined => {
    const path: Record<string, unknown> = {};
    for (const { name, read } of ofPath) {
      const raw = params[name] ?? '';
      const value = pathText.test(raw) ? read?.(decode(raw)) : undefined;
      if (value === undefined) return undefined;
      path[name] = value;
    }
    for (const { name, required, read } of ofHeader) {
      const value = headers[name.toLowerCase()];
      if (value === undefined ? required : typeof value !== 'string' || read?.(value) === undefined)
        return undefined;
    }
    const query = readQuery(url);
    return query === undefined ? undefined : { path, query, body: undefined };
  };
}

/** Characters of a path's segment (RFC 3986), and those of a query that no reader takes for more than text. */
const pathText = /^[\w.~!$&'()*+,;=:@%-]+$/;
const unreserved = /^[\w.~%-]+$/;
const plainText = /^[\w.~%+-]+$/;
const plainNumbers: Readonly<Record<string, RegExp>> = {
  integer: /^(0|[1-9]\d{0,14})$/,
  number: /^(0|[1-9]\d{0,2})(\.\d{1,12})?$/,
};

/** Empty where it is not percent-encoded UTF-8, which no reader takes. */
function decode(raw: string): string {
  if (!raw.includes('%')) return raw;
  try {
    return decodeURIComponent(raw);
  } catch {
    return '';
  }
}

const known = new Set(
  'type minimum maximum minLength maxLength pattern enum default description example'.split(' '),
);

function readerOf(schema: Schema): Read | undefined {
  const { type, minimum = -Infinity, maximum = Infinity, minLength = 0, maxLength = Infinity } = schema;
  if (Object.keys(schema).some((keyword) => !known.has(keyword))) return undefined;
  const plainNumber = plainNumbers[type ?? ''];
  if (plainNumber !== undefined) {
    return (text) => {
      const value = plainNumber.test(text) ? Number(text) : Number.NaN;
      return value >= minimum && value <= maximum ? value : undefined;
    };
  }
  if (type !== 'string') return undefined;
  const pattern = schema.pattern === undefined ? undefined : new RegExp(schema.pattern, 'u');
  // The contract counts characters and this halves of them: what may be too short or too long is looked at again.
  const least = minLength <= 1 ? 1 : minLength * 2;
  return (text) => {
    const fits = text.length >= least && text.length <= maxLength;
    const isAllowed = schema.enum?.includes(text) !== false && pattern?.test(text) !== false;
    return fits && isAllowed ? text : undefined;
  };
}
