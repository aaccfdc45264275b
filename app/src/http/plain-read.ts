import type { IncomingMessage } from 'node:http';
import type { MovieKey } from '../movies/movie.ts';
import contract from './contract.gen.json' with { type: 'json' };

/** A request for one movie as nearly everybody sends it. */
export interface PlainRead {
  readonly key: MovieKey;
  /** As it was sent. */
  readonly path: string;
  readonly token: string;
  /** Those that its answer depends on, by name in lower case, each given once. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Path characters of RFC 3986 alone: no query, and nothing that two readers could understand in two ways. */
const moviePath = /^\/movies\/([12]\d{3})\/([\w.~!$&'()*+,;=:@%-]+)$/;
const { Year, Title } = contract.components.schemas;
const scheme = 'Bearer ';
const acceptable = new Set([undefined, '*/*', 'application/json']);

const understood = new Set([
  'accept',
  'authorization',
  'host',
  'if-none-match',
  'traceparent',
  'tracestate',
  'x-request-id',
]);
/** A body, a condition of another kind, or the wish for a fresh answer. */
const special = new Set([
  'cache-control',
  'content-length',
  'content-type',
  'expect',
  'if-modified-since',
  'pragma',
  'transfer-encoding',
]);

/** Undefined for everything that is not plain: it is for those who understand more. */
export function readPlainly({ method, url = '', rawHeaders }: IncomingMessage): PlainRead | undefined {
  if (method !== 'GET') return undefined;
  const [, year, encodedTitle = ''] = moviePath.exec(url) ?? [];
  if (year === undefined) return undefined;
  const key = { year: Number(year), title: decode(encodedTitle) ?? '' };
  const headers = readHeaders(rawHeaders);
  if (!isInContract(key) || headers === undefined) return undefined;
  const authorization = headers.get('authorization');
  if (authorization?.startsWith(scheme) !== true || !headers.has('host')) return undefined;
  if (!acceptable.has(headers.get('accept'))) return undefined;
  return { key, path: url, token: authorization.slice(scheme.length), headers };
}

/** The contract counts characters; counted in halves of them, a long title may seem longer and is then not plain. */
const isInContract = ({ year, title }: MovieKey): boolean =>
  year >= Year.minimum &&
  year <= Year.maximum &&
  title.length >= Title.minLength &&
  title.length <= Title.maxLength;

function readHeaders(raw: readonly string[]): ReadonlyMap<string, string> | undefined {
  const headers = new Map<string, string>();
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at]?.toLowerCase() ?? '';
    if (special.has(name) || headers.has(name)) return undefined;
    if (understood.has(name)) headers.set(name, raw[at + 1] ?? '');
  }
  return headers;
}

function decode(text: string): string | undefined {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
