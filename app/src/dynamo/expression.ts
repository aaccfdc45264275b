import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { toAttribute } from './attribute-value.ts';
import type { Item } from './movie-item.ts';

/** The names and values of DynamoDB expressions, each behind a placeholder: reserved words and hostile text are fine. */
export interface Expression {
  /** A placeholder for a path: `path('info', 'rating')` is `#info.#rating`. */
  readonly path: (...names: readonly [string, ...string[]]) => string;
  readonly value: (value: string | number) => string;
  readonly names: Record<string, string>;
  readonly values: Record<string, AttributeValue>;
}

export function createExpression(): Expression {
  const names: Record<string, string> = {};
  const values: Record<string, AttributeValue> = {};
  return {
    names,
    values,
    path: (...parts) =>
      parts
        .map((part) => {
          names[`#${part}`] = part;
          return `#${part}`;
        })
        .join('.'),
    value: (value) => {
      const placeholder = `:v${Object.keys(values).length}`;
      values[placeholder] = toAttribute(value);
      return placeholder;
    },
  };
}

/** What must be stored for a write to happen, as PutItem and DeleteItem take it. */
export interface Condition {
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, AttributeValue>;
}

export const absent = (): Condition => on('title', (title) => `attribute_not_exists(${title})`);

export const present = (): Condition => on('title', (title) => `attribute_exists(${title})`);

export function withRevision(revision: string): Condition {
  const { path, value, names, values } = createExpression();
  return {
    ConditionExpression: `${path('revision')} = ${value(revision)}`,
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
  };
}

const ours = ['year', 'title', 'info', 'rating', 'revision'];

/**
 * That the item is still what was read. Ours are known by their revision; another writer's has none and is compared by
 * its `info`, as DynamoDB stores it, so that nothing is lost in translation. What others keep beside it is compared too.
 */
export function unchangedSince(item: Item): Condition {
  const { title, revision, info } = item;
  const compared = Object.entries({
    title,
    revision,
    ...(revision === undefined ? { info } : {}),
    ...Object.fromEntries(Object.entries(item).filter(([name]) => !ours.includes(name))),
  });
  return {
    ConditionExpression: compared
      .map(([, value], at) => (value === undefined ? `attribute_not_exists(#n${at})` : `#n${at} = :v${at}`))
      .join(' AND '),
    ExpressionAttributeNames: Object.fromEntries(compared.map(([name], at) => [`#n${at}`, name])),
    ExpressionAttributeValues: Object.fromEntries(
      compared.flatMap(([, value], at) => (value === undefined ? [] : [[`:v${at}`, value]])),
    ),
  };
}

function on(name: string, condition: (path: string) => string): Condition {
  const { path, names } = createExpression();
  return { ConditionExpression: condition(path(name)), ExpressionAttributeNames: names };
}
