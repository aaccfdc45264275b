import type { NextRequest } from './load.ts';
import type { Program } from './processes.ts';

/** One server under one kind of load. */
export interface Subject {
  readonly name: string;
  readonly program: Program;
  readonly load: 'hits' | 'misses' | 'page20' | 'page100' | 'patch' | 'post';
  /** Added to each request. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** `times`: how many times cheaper the first is. `cost`: how many times dearer. Both by processor time of a request. */
export interface Ratio {
  readonly kind: 'times' | 'cost';
  readonly of: string;
  readonly over: string;
  readonly wanted?: number;
}

export interface Scenario {
  readonly name: string;
  readonly subjects: readonly Subject[];
  readonly ratios: readonly Ratio[];
}

/** The share of reads from memory that `hits` holds. */
export const wantedHits = 0.95;
const hotMovies = 20;

const subject = (name: string, program: Program, load: Subject['load'], headers = {}): Subject => ({
  name,
  program,
  load,
  headers,
});
const againstRaw = (name: string, load: Subject['load'], wanted: number): Scenario => ({
  name,
  subjects: [
    subject('ours', 'ours', load),
    subject('raw + stock SDK', 'raw-dynamo', load),
    subject('base', 'base', load),
  ],
  ratios: [
    { kind: 'times', of: 'ours', over: 'raw + stock SDK', wanted },
    { kind: 'times', of: 'ours', over: 'base' },
  ],
});
const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';
const spellings: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'Accept of axios': { accept: 'application/json, text/plain, */*' },
  'Accept of a browser': { accept: browser },
  'If-None-Match': { 'if-none-match': '"another", W/"third"' },
  'Cache-Control': { 'cache-control': 'max-age=60' },
  'Content-Type': { 'content-type': 'text/plain' },
};

export const scenarios: readonly Scenario[] = [
  againstRaw('table', 'misses', 1.6),
  {
    name: 'table-go',
    subjects: [subject('ours', 'ours', 'misses'), subject('Go', 'go', 'misses')],
    ratios: [{ kind: 'cost', of: 'ours', over: 'Go', wanted: 2 }],
  },
  againstRaw('page', 'page20', 2),
  {
    name: 'page-100',
    // Ours share a call: beside them a page would be judged by how many are under way.
    subjects: [
      subject('page of 100', 'ours', 'page100'),
      subject('one movie, raw + stock SDK', 'raw-dynamo', 'misses'),
      subject('one movie', 'ours', 'misses'),
    ],
    ratios: [
      { kind: 'cost', of: 'page of 100', over: 'one movie, raw + stock SDK', wanted: 6 },
      { kind: 'cost', of: 'page of 100', over: 'one movie' },
    ],
  },
  againstRaw('patch', 'patch', 1.5),
  againstRaw('post', 'post', 1.5),
  {
    name: 'memory-hits',
    subjects: [
      subject('ours', 'ours', 'hits'),
      subject('bare Express', 'express', 'hits'),
      subject('base', 'base', 'hits'),
    ],
    ratios: [
      { kind: 'times', of: 'ours', over: 'bare Express', wanted: 1.1 },
      { kind: 'times', of: 'ours', over: 'base' },
    ],
  },
  ...(['hits', 'misses'] as const).map((load): Scenario => ({
    name: `headers-${load}`,
    subjects: [
      subject('plain', 'ours', load),
      ...Object.entries(spellings).map(([name, headers]) => subject(name, 'ours', load, headers)),
    ],
    ratios: Object.keys(spellings).map((name): Ratio => ({
      kind: 'cost',
      of: name,
      over: 'plain',
      wanted: 1.15,
    })),
  })),
];

/** Which movies are asked for: a few again and again, and others once only. The share of the latter is turned until the hit rate is held. */
export interface Mix {
  freshShare: number;
}

const body = (info: unknown) => JSON.stringify(info);
const address = (number: number) =>
  `/movies/${1970 + (number % 50)}/Movie%20${String(number).padStart(7, '0')}`;

export function requestsOf({ load, headers = {} }: Subject, token: string, mix: Mix): NextRequest {
  const all = { authorization: `Bearer ${token}`, ...headers };
  const get = (path: string) => ({ method: 'GET' as const, path, headers: all });
  switch (load) {
    case 'misses':
      return (count) => get(address(count));
    case 'hits':
      return (count) =>
        Math.floor(count * mix.freshShare) > Math.floor((count - 1) * mix.freshShare)
          ? get(address(count))
          : get(address(count % hotMovies));
    case 'page20':
      return (count) => get(`/movies?year=${1970 + (count % 50)}&limit=20`);
    case 'page100':
      return (count) => get(`/movies?year=${1970 + (count % 50)}&limit=100`);
    case 'patch':
      return (count) => ({
        method: 'PATCH',
        path: address(count),
        headers: { ...all, 'content-type': 'application/merge-patch+json' },
        body: body({ info: { rating: (count % 100) / 10 } }),
      });
    case 'post':
      return (count) => ({
        method: 'POST',
        path: '/movies',
        headers: { ...all, 'content-type': 'application/json' },
        body: body({
          year: 1970 + (count % 50),
          title: `Movie ${count}`,
          info: { rating: 8.3, genres: ['Drama'], plot: 'x'.repeat(200) },
        }),
      });
  }
}
