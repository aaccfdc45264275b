import { isDeepStrictEqual } from 'node:util';
import { fromAttributes } from '../../dynamo/attribute-value.ts';
import { InvalidMovie } from '../../movies/errors.ts';
import { fromItem, toItem, type Item } from '../../dynamo/movie-item.ts';

/** What is to become of a stored item. */
export type Rewrite =
  | { readonly kind: 'current' }
  | { readonly kind: 'write'; readonly item: Item }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * The item as this version of the service would write it: exactly what an edit that changes nothing does. The movie stays
 * what the API shows today, so its revision stays too, and whoever holds its entity tag can still edit.
 * @param drop attributes that may be lost, `extra` or `info.extra`; an item with another one that this version doesn't write is refused
 */
export function rewriteOf(item: Item, drop: readonly string[]): Rewrite {
  const form = currentForm(item);
  if (form instanceof InvalidMovie) return { kind: 'refused', reason: form.message };
  // As JSON: how a number is spelt, and a set that reads as a list, are no reason to write.
  if (isDeepStrictEqual(fromAttributes(item), fromAttributes(form))) return { kind: 'current' };
  const kept = namesOf(form);
  const lost = namesOf(item).filter((name) => !kept.includes(name) && !drop.includes(name));
  if (lost.length === 0) return { kind: 'write', item: form };
  return { kind: 'refused', reason: `it holds ${lost.join(', ')}, which this version does not write` };
}

const namesOf = (item: Item): readonly string[] => [
  ...Object.keys(item),
  ...Object.keys(item['info']?.M ?? {}).map((name) => `info.${name}`),
];

function currentForm(item: Item): Item | InvalidMovie {
  try {
    return toItem(fromItem(item));
  } catch (error) {
    if (error instanceof InvalidMovie) return error;
    throw error;
  }
}
