import type { operations } from '../http/contract.gen.ts';
import { badRequest } from '../http/problem.ts';
import type { MovieFilter } from './movie-repository.ts';

type Query = NonNullable<operations['listMovies']['parameters']['query']>;

export interface ListQuery {
  readonly filter: MovieFilter;
  readonly limit: number;
  readonly cursor?: string;
}

const defaultLimit = 25;

/** What a list request asks for, and the one rule that its contract can't state: some filters need a year. */
export function listQuery({ limit = defaultLimit, cursor, ...filter }: Query): ListQuery {
  for (const name of ['titlePrefix', 'sort'] as const) {
    if (filter[name] !== undefined && filter.year === undefined) {
      throw badRequest({ in: 'query', field: name, message: 'needs a year' });
    }
  }
  return { filter, limit, ...(cursor === undefined ? {} : { cursor }) };
}

/** The address of the next page: the same question, from there on. */
export function nextAddress(filter: MovieFilter, limit: number, cursor: string): string {
  const query = new URLSearchParams({ ...textOf(filter), limit: String(limit), cursor });
  return `/movies?${query.toString()}`;
}

const textOf = (filter: MovieFilter): Record<string, string> =>
  Object.fromEntries(Object.entries(filter).map(([name, value]) => [name, String(value)]));
