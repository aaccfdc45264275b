import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { createExpression, type Expression } from './expression.ts';
import { canExist } from './movie-item.ts';
import type { MovieFilter } from '../movies/movie.ts';

/** How DynamoDB serves a filter: what it finds by a key, and what it can only read and then drop. */
export interface AccessPath {
  /** Absent for the table itself. */
  readonly index?: 'title-year' | 'year-rating';
  /** Absent where no key helps: a Scan. */
  readonly keyCondition?: string;
  readonly filter?: string;
  readonly descending: boolean;
  readonly names: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, AttributeValue>>;
}

interface Choice {
  readonly index?: 'title-year' | 'year-rating';
  readonly keyConditions: readonly string[];
  readonly filters: readonly string[];
  readonly descending?: boolean;
}

/**
 * The cheapest way to serve a filter, or nothing when no movie can match it. `docs/service.md` has the table.
 * Movies without a rating are in no list that asks for one.
 */
export function accessPathOf(filter: MovieFilter): AccessPath | undefined {
  if (!isSatisfiable(filter)) return undefined;
  const expression = createExpression();
  const { index, keyConditions, filters, descending = false } = choose(filter, expression);
  const conditions = [...filters, ...infoConditions(filter, expression)];
  const { names, values } = expression;
  return {
    ...(index === undefined ? {} : { index }),
    ...(keyConditions.length === 0 ? {} : { keyCondition: keyConditions.join(' AND ') }),
    ...(conditions.length === 0 ? {} : { filter: conditions.join(' AND ') }),
    descending,
    names,
    values,
  };
}

function isSatisfiable({ title, titlePrefix }: MovieFilter): boolean {
  if (titlePrefix !== undefined && !canExist({ title: titlePrefix })) return false;
  if (title === undefined) return true;
  return canExist({ title }) && title.startsWith(titlePrefix ?? '');
}

function choose(filter: MovieFilter, { path, value }: Expression): Choice {
  const { year, title, titlePrefix, minRating, sort } = filter;
  const equals = (name: string, wanted: string | number) => `${path(name)} = ${value(wanted)}`;
  const startsWith = (prefix: string) => `begins_with(${path('title')}, ${value(prefix)})`;
  const rated = () => (minRating === undefined ? [] : [`${path('info', 'rating')} >= ${value(minRating)}`]);
  const sortable = () => (sort === undefined ? [] : [`attribute_exists(${path('info', 'rating')})`]);

  if (year === undefined) {
    const filters = [...rated(), ...sortable()];
    // An exact title implies its prefix, and a key attribute must not be in the filter.
    if (title !== undefined) return { index: 'title-year', keyConditions: [equals('title', title)], filters };
    return {
      keyConditions: [],
      filters: [...(titlePrefix === undefined ? [] : [startsWith(titlePrefix)]), ...filters],
    };
  }

  const inYear = equals('year', year);
  if (title !== undefined) {
    return { keyConditions: [inYear, equals('title', title)], filters: [...rated(), ...sortable()] };
  }
  if (sort === 'rating' || (minRating !== undefined && titlePrefix === undefined)) {
    return {
      index: 'year-rating',
      keyConditions: [
        inYear,
        ...(minRating === undefined ? [] : [`${path('rating')} >= ${value(minRating)}`]),
      ],
      filters: titlePrefix === undefined ? [] : [startsWith(titlePrefix)],
      descending: sort === 'rating',
    };
  }
  return {
    keyConditions: [inYear, ...(titlePrefix === undefined ? [] : [startsWith(titlePrefix)])],
    filters: rated(),
  };
}

function infoConditions({ genre, director, actor }: MovieFilter, { path, value }: Expression): string[] {
  const lists = { genres: genre, directors: director, actors: actor };
  return Object.entries(lists).flatMap(([list, wanted]) =>
    wanted === undefined ? [] : [`contains(${path('info', list)}, ${value(wanted)})`],
  );
}
