import shape from '../../table.json' with { type: 'json' };
import type { AccessPath } from './access-path.ts';
import type { Item } from './movie-item.ts';
import type { Position } from '../movies/movie-repository.ts';

const tableKeys = [shape.hashKey, shape.rangeKey];
const indexes = shape.globalSecondaryIndexes;
const types = new Map(
  [shape, ...indexes]
    .flatMap(({ hashKey, rangeKey }) => [hashKey, rangeKey])
    .map(({ name, type }) => [name, type]),
);

/** Where a list stands after this item: its table key and index key, numbers as the text that DynamoDB gave. */
export function positionAfter(item: Item, index: AccessPath['index']): Position {
  const used = indexes.find(({ name }) => name === index);
  const keys = used === undefined ? tableKeys : [...tableKeys, used.hashKey, used.rangeKey];
  return Object.fromEntries(keys.map(({ name }) => [name, item[name]?.N ?? item[name]?.S ?? '']));
}

/** The position as DynamoDB's `ExclusiveStartKey`. */
export function startKey(position: Position): Item {
  return Object.fromEntries(
    Object.entries(position).map(([name, value]) => [
      name,
      types.get(name) === 'N' ? { N: String(value) } : { S: String(value) },
    ]),
  );
}
