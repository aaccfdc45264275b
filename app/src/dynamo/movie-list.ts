import shape from '../../table.json' with { type: 'json' };
import { accessPathOf, type AccessPath } from './access-path.ts';
import { fromItem, type Item } from './movie-item.ts';
import type { MovieFilter, MoviePage, Position } from '../movies/movie.ts';

/** What one request may read: no more than this many items … */
const maxItemsRead = 1_000;
/** … and nothing more once it has used as many read units: 1 MB at half a unit per 4 kB. One read is 1 MB at most. */
const maxUnitsRead = 128;

export interface ItemPage {
  readonly items: readonly Item[];
  /** Items that were read, before the filter. */
  readonly read: number;
  readonly units: number;
  /** Where the next read goes on; absent at the end. */
  readonly lastKey?: Item;
}

/** One Query or Scan. `limit` counts what is read, not what passes the filter: that is DynamoDB's rule. */
export type ReadItems = (path: AccessPath, limit: number, start: Item | undefined) => Promise<ItemPage>;

/**
 * Fills a page. Without a filter expression one read of just the page does; with one, reads double in size until the
 * page is full, the end is reached, or the request has read as much as it may.
 */
export async function listMovies(
  readItems: ReadItems,
  filter: MovieFilter,
  limit: number,
  from: Position | undefined,
): Promise<MoviePage> {
  const path = accessPathOf(filter);
  if (path === undefined) return { movies: [] };

  const found: Item[] = [];
  let start = from === undefined ? undefined : startKey(from);
  let [read, units] = [0, 0];
  for (let size = limit; ; size *= 2) {
    const wanted = path.filter === undefined ? limit - found.length : Math.min(size, maxItemsRead - read);
    const page = await readItems(path, wanted, start);
    found.push(...page.items);
    read += page.read;
    units += page.units;
    start = page.lastKey;

    const full = found.length >= limit;
    if (!full && start !== undefined && read < maxItemsRead && units < maxUnitsRead) continue;
    const kept = found.slice(0, limit);
    const last = kept.at(-1);
    // What was found beyond the page is read again by the next one.
    const next = found.length > limit && last !== undefined ? last : start;
    return {
      movies: kept.map((item) => fromItem(item).movie),
      ...(next === undefined ? {} : { next: positionAfter(next, path.index) }),
    };
  }
}

const tableKeys = [shape.hashKey, shape.rangeKey];
const indexes = shape.globalSecondaryIndexes;
const types = new Map(
  [shape, ...indexes]
    .flatMap(({ hashKey, rangeKey }) => [hashKey, rangeKey])
    .map(({ name, type }) => [name, type]),
);

/** Where a list stands after this item: its table key and index key, numbers as the text that DynamoDB gave. */
function positionAfter(item: Item, index: AccessPath['index']): Position {
  const used = indexes.find(({ name }) => name === index);
  const keys = used === undefined ? tableKeys : [...tableKeys, used.hashKey, used.rangeKey];
  return Object.fromEntries(keys.map(({ name }) => [name, item[name]?.N ?? item[name]?.S ?? '']));
}

/** The position as DynamoDB's `ExclusiveStartKey`. */
function startKey(position: Position): Item {
  return Object.fromEntries(
    Object.entries(position).map(([name, value]) => [
      name,
      types.get(name) === 'N' ? { N: String(value) } : { S: String(value) },
    ]),
  );
}
